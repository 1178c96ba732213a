# frozen_string_literal: true

require_relative "environment"

# Sampling of log lines, and more of them for a while.
class DebugTest < Minitest::Test
  CONTROL = File.join(SPOOL, "control.json")

  def setup
    @output = StringIO.new
    @logger = Logger.new(@output, level: Logger::INFO)
    Midwatch.configure { |config| config.log_level = "info" }
    Midwatch.log_from(@logger)
    # Tells what was left out before.
    Midwatch.record("worker.stopped", {})
    @before = lines.size
  end

  def teardown
    FileUtils.rm_f(CONTROL)
    Midwatch.configure { |config| config.log_sample = 1 }
  end

  def lines
    Told.events.select { |event| event["kind"] == "log" }.sort_by { |event| event["source_seq"] }
  end

  def messages
    lines.drop(@before).map { |event| event["message"] }
  end

  def control(*entries, **more)
    File.write(CONTROL, JSON.generate("debug" => entries))
    more.each { |name, value| File.public_send(name, value, CONTROL) }
    Midwatch.configure { |_| nil }
  end

  def soon
    (Time.now + 60).utc.iso8601
  end

  def within(run_id, job: nil, &block)
    context = Midwatch::Context.new(trace_id: run_id)
    context.run_id = run_id
    context.job = job
    Midwatch::Context.with(context, &block)
  end

  def test_a_line_below_the_level_is_told_while_somebody_debugs_and_the_logger_stays_as_it_was
    @logger.debug("before")
    control({ "service" => "shop", "until" => soon })
    assert @logger.debug?
    @logger.debug { "password=hunter2-debug" }
    control({ "service" => "other", "until" => soon })
    @logger.debug("of nobody")
    assert_equal ["password=[REDACTED:password]"], messages
    assert_equal ["debug"], lines.drop(@before).map { |event| event["severity"] }
    assert_empty @output.string
  end

  def test_it_is_for_one_job_where_one_is_named
    control({ "job" => "Export", "until" => soon })
    within("r-1", job: "Export") { @logger.debug("wanted") }
    within("r-2", job: "Import") { @logger.debug("not wanted") }
    assert_equal ["wanted"], messages
  end

  def test_it_falls_back_by_itself
    control({ "until" => (Time.now + 0.3).utc.iso8601(3) })
    @logger.debug("during")
    sleep 0.35
    @logger.debug("after")
    assert_equal ["during"], messages
  end

  def test_a_file_that_is_not_the_agents_or_says_nonsense_is_passed_over
    entry = { "until" => soon }
    control(entry, chmod: 0o666)
    @logger.debug("anybody may write it")
    ["{", "[]", "{\"debug\":{\"until\":1}}", "{\"debug\":[{\"until\":\"tomorrow\"}]}", "\xff", "[" * 50_000].each do |text|
      File.write(CONTROL, text)
      Midwatch.configure { |_| nil }
      @logger.debug("nonsense")
    end
    FileUtils.rm_f(CONTROL)
    File.symlink("/dev/zero", CONTROL)
    Midwatch.configure { |_| nil }
    @logger.debug("a link")
    if Process.euid.zero?
      FileUtils.rm_f(CONTROL)
      control(entry)
      File.chown(12_345, nil, CONTROL)
      Midwatch.configure { |_| nil }
      @logger.debug("of another user")
    end
    @logger.info("goes on")
    assert_equal ["goes on"], messages
    FileUtils.rm_f(CONTROL)
    control(entry)
    @logger.debug("of the agent")
    assert_equal "of the agent", messages.last, "the check itself sees something"
  end

  def test_lines_of_one_run_stay_or_go_together_and_what_went_is_counted
    Midwatch.configure { |config| config.log_sample = 0.5 }
    runs = Array.new(40) { |number| "run-#{number}" }
    runs.each { |run| within(run) { 3.times { |number| @logger.info("#{run} says #{number}") } } }
    kept = messages.grep(/says/).group_by { |message| message[/run-\d+/] }
    assert_equal [3], kept.values.map(&:size).uniq
    assert_equal runs.select { |run| Zlib.crc32(run) < 2**31 }.sort, kept.keys.sort
    Midwatch.record("worker.stopped", {})
    left_out = lines.last
    assert_equal (40 - kept.size) * 3, left_out["attributes"]["left_out"]
    assert_match(/\A\d+ log lines were left out by log_sample\z/, left_out["message"])
  end

  def test_warnings_and_audits_are_never_left_out
    Midwatch.configure { |config| config.log_sample = 0 }
    @logger.info("left out")
    @logger.warn("kept")
    assert Midwatch.audit("order.closed", subject: "order:1")
    assert_equal ["kept"], messages.grep(/left out\z|kept/)
  end

  def test_lines_that_somebody_asks_for_are_not_sampled_away
    cases = JSON.parse(File.read(File.join(__dir__, "../../../contract/settings/cases.json")))["sample"]["debug"]
    told = cases.map do |line|
      Midwatch.configure { |config| config.log_sample = line["share"] }
      control({ "job" => "billing.charge", "until" => soon })
      before = lines.size
      within("run-2", job: line["job"]) { @logger.public_send(line["severity"], "of #{line["job"]}") }
      lines.size > before
    end
    assert_equal cases.map { |line| line["kept"] }, told
  end

  def test_a_share_that_is_none_is_refused
    error = assert_raises(ArgumentError) { Midwatch.configure { |config| config.log_sample = 2 } }
    assert_equal "midwatch: log_sample must be a number from 0 to 1, not 2", error.message
  end
end
