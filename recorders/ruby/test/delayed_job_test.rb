# frozen_string_literal: true

require_relative "environment"

class DelayedJobTest < Minitest::Test
  def setup
    Delayed::Job.delete_all
    Delayed::Worker.delay_jobs = true
    @worker = Delayed::Worker.new
  end

  def work(times = 6)
    times.times { @worker.work_off(20) }
  end

  # Enqueues what the block enqueues, works, and answers the id of its run.
  def run_of(times = 6)
    yield
    run_id = Told.newest("job.enqueued")["run_id"]
    work(times)
    run_id
  end

  # How many jobs are on record as asked for.
  def asked
    Told.events.count { |event| event["kind"] == "job.enqueued" }
  end

  def test_a_job_that_succeeds
    run = run_of { Delayed::Job.enqueue(Jobs::Fine.new(7, "hunter2"), queue: "mail", priority: 3) }
    assert_equal "enqueued started#1 succeeded#1", Told.story(run)
    asked, started, ended = Told.of(run)
    assert_equal ["Jobs::Fine", "mail", 3, "shop", "delayed_job"], asked.values_at("job", "queue", "priority", "service", "runtime")
    assert_equal 7, asked["attributes"]["arguments"]["order"]
    refute_includes Told.of(run).to_json, "hunter2"
    assert_operator started["wait_ms"], :>=, 0
    assert_operator ended["duration_ms"], :>, 0
    assert_match(/\A[^:]+:#{Process.pid}:\d+\z/, started["worker"])
    assert_equal 1, [asked, started, ended].map { |event| event["trace_id"] }.uniq.size
  end

  def test_a_job_that_fails_for_good
    run = run_of { Delayed::Job.enqueue(Jobs::Broken.new(9)) }
    assert_equal "enqueued started#1 failed#1 retried#1 started#2 failed#2", Told.story(run)
    failures = Told.of(run).select { |event| event["kind"] == "job.failed" }
    assert_equal %w[retrying failed], failures.map { |event| event["outcome"] }
    assert_equal ["ArgumentError", "no price for order 9"], failures.last.values_at("error_class", "error_message")
    assert_match(/environment\.rb:\d+:in `perform'/, failures.last["error_stack"])
    refute_includes failures.last["error_stack"], "delayed/worker.rb"
    assert_equal 1, failures.map { |event| event["fingerprint"] }.uniq.size
    retried = Told.of(run).find { |event| event["kind"] == "job.retried" }
    assert_match(/\A\d{4}-\d\d-\d\dT[\d:.]+Z\z/, retried["attributes"]["next_time"])
  end

  def test_a_job_whose_class_is_gone
    Delayed::Job.enqueue(Jobs::Gone.new("hunter2-gone"))
    run = Told.newest("job.enqueued")["run_id"]
    hidden = Jobs.send(:remove_const, :Gone)
    work
    assert_equal "enqueued started#1 failed#1", Told.story(run)
    failure = Told.of(run).last
    assert_equal ["Jobs::Gone", "Delayed::DeserializationError", "failed"], failure.values_at("job", "error_class", "outcome")
    refute_includes failure.to_json, "hunter2-gone"
  ensure
    Jobs.const_set(:Gone, hidden) if hidden
  end

  def test_a_job_that_was_rolled_back_never_existed
    before = asked
    User.transaction do
      Delayed::Job.enqueue(Jobs::Fine.new(1))
      raise ActiveRecord::Rollback
    end
    assert_equal before, asked
  end

  def test_a_job_is_told_when_its_transaction_has_committed
    before = asked
    User.transaction do
      Delayed::Job.enqueue(Jobs::Fine.new(1))
      assert_equal before, asked
    end
    assert_equal before + 1, asked
  end

  def test_a_delayed_call_is_named_by_receiver_and_method
    user = User.create!(name: "Eve")
    run = run_of { user.delay.greet("hello") }
    assert_equal "User#greet", Told.of(run).first["job"]
    assert_equal "enqueued started#1 succeeded#1", Told.story(run)
    assert_equal({ "object" => "User:#{user.id}", "arguments" => { "word" => "hello" } }, Told.of(run).first["attributes"]["arguments"])
    assert_equal "User.count", Told.of(run_of { User.delay.count }).first["job"]
  end

  def test_active_job_that_heals_is_one_run
    run = run_of { WrappedJob.perform_later("heals", card_number: "4111111111111111") }
    assert_equal "enqueued started#1 failed#1 retried#1 started#2 succeeded#2", Told.story(run)
    assert_equal ["WrappedJob"], Told.of(run).map { |event| event["job"] }.uniq
    refute_includes Told.of(run).to_json, "4111111111111111"
  end

  def test_active_job_that_is_discarded
    run = run_of { WrappedJob.perform_later("useless") }
    assert_equal "enqueued started#1 failed#1 discarded#1", Told.story(run)
    assert_equal "KeyError", Told.of(run)[2]["error_class"]
  end

  def test_active_job_that_exhausts_its_own_retries_is_retried_by_delayed_job
    run = run_of { WrappedJob.perform_later("never") }
    assert_equal "enqueued started#1 failed#1 retried#1 started#2 failed#2 retried#2 started#3 failed#3 retried#3", Told.story(run)
  end

  def test_a_job_that_runs_too_long
    run = run_of(1) { Delayed::Job.enqueue(Jobs::Slow.new(20)) }
    assert_equal "enqueued started#1 failed#1", Told.story(run)
    assert_equal "Delayed::WorkerTimeout", Told.of(run).last["error_class"]
  end

  def test_a_job_that_asks_for_another_is_its_parent
    run = run_of { Delayed::Job.enqueue(Jobs::Asks.new(5)) }
    child = Told.events.find { |event| event["parent_run_id"] == run }
    assert_equal ["Jobs::Fine", "Jobs::Asks"], child.values_at("job", "actor")
    assert_equal Told.of(run).first["trace_id"], child["trace_id"]
    assert_equal "enqueued started#1 succeeded#1", Told.story(child["run_id"])
  end

  def test_an_audited_action_belongs_to_its_attempt_and_takes_no_secret
    run = run_of { Delayed::Job.enqueue(Jobs::Asks.new(6)) }
    audit = Told.of(run).find { |event| event["kind"] == "audit.action" }
    assert_equal ["audit", 1, "Jobs::Asks", "done"], audit.values_at("stream", "attempt", "job", "outcome")
    assert_equal Told.of(run).first["actor"], audit["actor"]
    assert_equal "order:6", audit["attributes"]["subject"]
    assert_equal ["password"], audit["attributes"]["refused"]
    refute_includes audit.to_json, "hunter2-audit"
  end

  def test_without_the_tag_a_run_is_known_by_its_row
    Midwatch.settings.tag_handler = "0"
    run = run_of { Delayed::Job.enqueue(Jobs::Broken.new(3)) }
    assert_match(/\Adj-\h{24}\z/, run)
    assert_equal "enqueued started#1 failed#1 retried#1 started#2 failed#2", Told.story(run)
  ensure
    Midwatch.settings.tag_handler = "1"
  end

  def test_a_number_that_is_given_again_is_another_run
    Midwatch.settings.tag_handler = "0"
    rolled_back = nil
    User.transaction do
      job = Delayed::Job.enqueue(Jobs::Fine.new(1))
      rolled_back = [job.id, Midwatch::Handler.derived_id(job)]
      raise ActiveRecord::Rollback
    end
    kept = Delayed::Job.enqueue(Jobs::Fine.new(2))
    assert_equal rolled_back[0], kept.id
    refute_equal rolled_back[1], Told.newest("job.enqueued")["run_id"]
  ensure
    Midwatch.settings.tag_handler = "1"
  end

  def test_the_tag_leaves_the_payload_as_it_was
    payload = Jobs::Fine.new("a: b # c\n--- |\u00e9", { "x" => [1, nil] })
    Delayed::Job.enqueue(payload)
    row = Delayed::Job.order(:id).last
    assert_match(/\n# midwatch1 [\w-]+ [\w-]+ [\w-]+\n\z/, row.handler)
    assert_equal payload, row.payload_object
    assert row.handler.start_with?("--- !ruby/struct:Jobs::Fine")
  end

  def test_without_delay_jobs_a_job_runs_and_is_told_at_once
    Delayed::Worker.delay_jobs = false
    before = Told.events.size
    Delayed::Job.enqueue(Jobs::Fine.new(2))
    assert_equal %w[job.started job.succeeded], Told.events.drop(before).map { |event| event["kind"] }.grep(/job/)
  end

  def test_a_worker_tells_of_its_life
    worker = Delayed::Worker.new(exit_on_complete: true)
    Delayed::Worker.raise_signal_exceptions = false
    worker.start
    mine = Told.events.select { |event| event["kind"].start_with?("worker.") }.last(2)
    assert_equal %w[worker.started worker.stopped], mine.map { |event| event["kind"] }
    assert_includes mine.first["attributes"]["name"], "pid:#{Process.pid}"
  end

  def test_numbers_have_no_gap
    run_of { Delayed::Job.enqueue(Jobs::Fine.new(1)) }
    numbers = Told.events.group_by { |event| event["source"] }.fetch(Midwatch.recorder.spool.source).map { |event| event["source_seq"] }
    assert_equal (1..numbers.size).to_a, numbers.sort
  end

  def test_arguments_get_the_names_by_which_a_secret_is_known
    user = User.create!(name: "Eve")
    asked = Told.of(run_of { user.delay.sign_in("eve", "hunter2-position") }).first
    assert_equal "eve", asked["attributes"]["arguments"]["arguments"]["login"]
    asked_too = Told.of(run_of { SignInJob.perform_later(user, "hunter2-position") }).first
    assert_equal "User:#{user.id}", asked_too["attributes"]["arguments"]["user"]
    refute_includes [asked, asked_too].to_json, "hunter2-position"
    refute_includes asked.to_json, "Eve"
  end

  def test_arguments_of_any_size_and_kind_make_one_line_of_limited_size
    endless = []
    endless << endless
    odd = [Float::NAN, Float::INFINITY, "\xff\xfe", "x" * 100_000, endless, (1..5000).to_a, Object.new, 10**40, 1r, :word]
    arguments = Midwatch::Arguments.structure_of(Jobs::Fine.new(odd, "p"))
    line = Midwatch::JsonLine.generate({ "kind" => "log" }, { "arguments" => arguments })
    assert_operator line.bytesize, :<, 8192
    assert_equal ["NaN", "Infinity"], JSON.parse(line)["attributes"]["arguments"]["order"].first(2)
  end

  def test_a_mode_decides_what_is_kept_of_arguments
    job = Jobs::Fine.new(7, "hunter2")
    kept = %w[shape digest none].map do |mode|
      Midwatch.settings.arguments_by_job = { "Jobs::Fine" => mode }
      Told.of(run_of { Delayed::Job.enqueue(job) }).first["attributes"]["arguments"]
    end
    assert_equal [{ "order" => "integer", "password" => "string" }, nil, nil], kept
  ensure
    Midwatch.settings.arguments_by_job = {}
  end

  def test_what_lies_behind_an_error_is_told_and_a_release_keeps_its_fingerprint
    failures = %w[20261101 20261102].map do |release|
      error = begin
        begin
          raise IOError, "password=hunter2-cause"
        rescue IOError
          raise ArgumentError, "order 12 failed"
        end
      rescue ArgumentError => raised
        raised
      end
      error.set_backtrace(["/srv/shop/releases/#{release}/app/jobs/charge.rb:#{release.to_i % 7}:in `perform'"])
      Midwatch::Failure.fields(error)
    end
    assert_includes failures[0]["error_stack"], "Caused by IOError: password=[REDACTED"
    assert_equal 1, failures.map { |fields| fields["fingerprint"] }.uniq.size
  end

  def test_an_error_whose_message_fails_is_told_without_one
    error = Class.new(StandardError) { def message = raise("no") }.new
    assert_equal "", Midwatch::Failure.fields(error)["error_message"]
  end

  def test_without_delay_jobs_a_failure_is_final
    Delayed::Worker.delay_jobs = false
    before = Told.events.size
    assert_raises(ArgumentError) { Delayed::Job.enqueue(Jobs::Broken.new(2)) }
    assert_equal [%w[job.started], ["job.failed", "failed"]], Told.events.drop(before).map { |event| event.values_at("kind", "outcome").compact }.select { |kind, _| kind.start_with?("job.") }
  end

  def test_an_argument_called_executions_does_not_count_as_one
    WrappedJob.perform_later("fine", executions: 7, job_id: SecureRandom.uuid)
    run = Told.newest("job.enqueued")["run_id"]
    work
    assert_equal "enqueued started#1 succeeded#1", Told.story(run)
  end

  def test_a_secret_that_a_job_was_given_is_hidden_in_whatever_it_says
    run = run_of { TellsJob.perform_later("maria", "correct horse battery", { "api_token" => 884_211_907 }) }
    failure = Told.of(run).find { |event| event["kind"] == "job.failed" }
    assert_equal "401 for maria:[REDACTED:secret] with [REDACTED:secret]", failure["error_message"]
    audit = Told.of(run).find { |event| event["kind"] == "audit.action" }
    assert_equal "login:[REDACTED:secret]", audit["attributes"]["subject"]
    refute_match(/correct horse|884211907/, Told.of(run).to_json)
  end

  def test_rows_that_nobody_enqueued_are_runs_all_the_same
    now = Time.now.utc
    rows = [{ handler: Jobs::Fine.new(1).to_yaml, run_at: now, created_at: now, updated_at: now }] * 2
    Delayed::Job.insert_all(rows)
    before = Told.events.size
    work(1)
    told = Told.events.drop(before).select { |event| event["kind"].start_with?("job.") }
    assert_equal [["job.started", "job.succeeded"]] * 2, told.group_by { |event| event["run_id"] }.values.map { |run| run.map { |event| event["kind"] } }
  end

  def test_an_order_to_end_that_stops_a_job_is_a_failure_that_is_retried
    run = run_of { Delayed::Job.enqueue(Jobs::Stopped.new(1)) }
    assert_equal "enqueued started#1 failed#1 retried#1 started#2 failed#2", Told.story(run)
    assert_equal "SignalException", Told.of(run)[2]["error_class"]
  end
end
