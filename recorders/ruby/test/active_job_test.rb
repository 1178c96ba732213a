# frozen_string_literal: true

require_relative "environment"

# ActiveJob where no Delayed::Job is in between: its jobs run in threads, or where they are asked for.
class ActiveJobTest < Minitest::Test
  class Busy < StandardError; end

  class Asynchronous < ActiveJob::Base
    self.queue_adapter = :async
    retry_on Busy, wait: 0, attempts: 3
    discard_on KeyError

    def perform(how, password: nil)
      raise Busy, "not yet for #{password}" if how == "heals" && executions < 2
      raise Busy, "never" if how == "never"
      raise KeyError, "no use" if how == "useless"
      raise IOError, "gone" if how == "fails"

      Midwatch.audit("order.closed", subject: "order:1")
      Inline.perform_later if how == "asks"
    end
  end

  class Inline < ActiveJob::Base
    self.queue_adapter = :inline

    def perform; end
  end

  class Held < Asynchronous
    before_enqueue { throw :abort }
  end

  FINE = "enqueued started#1 succeeded#1"

  # The runs end in threads of their own, and the thread that gave one up may tell so after its end.
  def run_of(how, expected)
    job = Asynchronous.perform_later(how, password: "hunter2-async")
    1000.times do
      break if story(job.job_id) == expected

      sleep 0.02
    end
    job.job_id
  end

  # By time: a thread may begin before its asker has written down that it asked.
  def story(run)
    Told.story(run, Told.of(run).sort_by { |event| event["time"] })
  end

  def test_the_endings_that_a_job_can_have
    {
      "is fine" => FINE,
      "heals" => "enqueued started#1 failed#1 retried#1 started#2 succeeded#2",
      "never" => "enqueued started#1 failed#1 retried#1 started#2 failed#2 retried#2 started#3 failed#3",
      "useless" => "enqueued started#1 failed#1 discarded#1",
      "fails" => "enqueued started#1 failed#1"
    }.each do |how, expected|
      run = run_of(how, expected)
      assert_equal expected, story(run), how
      assert_equal [["active_job", run]], Told.of(run).grep(->(event) { event["kind"].start_with?("job.") }).map { |event| event.values_at("runtime", "trace_id") }.uniq
      refute_includes Told.of(run).to_json, "hunter2-async"
    end
  end

  def test_a_start_tells_who_waited_for_it_and_where
    started = Told.of(run_of("is fine", FINE)).find { |event| event["kind"] == "job.started" }
    assert_equal ["ActiveJobTest::Asynchronous", "default", Midwatch.recorder.spool.worker], started.values_at("job", "queue", "worker")
    assert_operator started["wait_ms"], :>=, 0
  end

  def test_who_asked_travels_with_the_job_to_its_thread_and_on_to_its_children
    context = Midwatch::Context.new(trace_id: "req-9", actor: "user: 7")
    parent = Midwatch::Context.with(context) { run_of("asks", FINE) }
    told = Told.of(parent)
    assert_equal [["req-9", "user: 7"]], told.map { |event| event.values_at("trace_id", "actor") }.uniq
    assert_includes told.map { |event| event["kind"] }, "audit.action"
    child = Told.events.find { |event| event["parent_run_id"] == parent && event["kind"] == "job.enqueued" }
    assert_equal ["req-9", "ActiveJobTest::Asynchronous"], child.values_at("trace_id", "actor")
    # It ran while it was being asked for.
    assert_equal %w[enqueued started#1 succeeded#1].sort, Told.story(child["run_id"]).split.sort
  end

  def test_a_job_whose_class_is_gone_has_failed
    data = Asynchronous.new("is fine").serialize.merge("job_class" => "Gone")
    assert_raises(NameError) { ActiveJob::Base.execute(data) }
    assert_equal "failed", Told.story(data["job_id"])
    assert_equal ["Gone", "NameError"], Told.of(data["job_id"]).first.values_at("job", "error_class")
  end

  def test_an_error_is_told_once_and_reaches_the_caller
    job = Asynchronous.new("fails")
    assert_raises(IOError) { ActiveJob::Base.execute(job.serialize) }
    assert_equal "started#1 failed#1", Told.story(job.job_id)
  end

  def test_a_job_that_its_own_callback_holds_back_was_never_asked_for
    before = Told.events.size
    Held.perform_later("is fine")
    assert_equal before, Told.events.size
  end

  def test_behind_delayed_job_nothing_is_told_twice
    run = WrappedJob.perform_later("fine").job_id
    Delayed::Worker.new.work_off(5)
    assert_equal "enqueued started#1 succeeded#1", Told.story(run)
    refute_includes Delayed::Job.pluck(:handler).join, "midwatch:"
  end
end
