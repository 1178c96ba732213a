# frozen_string_literal: true

require_relative "environment"

# Recording never hurts the application, whatever is wrong with the recorder or its disk.
class HarmlessTest < Minitest::Test
  def setup
    Delayed::Job.delete_all
    @settings = Midwatch.settings
  end

  def teardown
    Midwatch.configure { |config| config.spool = SPOOL }
  end

  def works
    Delayed::Job.enqueue(Jobs::Fine.new(1))
    Delayed::Worker.new.work_off(5)
  end

  def test_a_spool_that_is_not_there
    Midwatch.configure { |config| config.spool = File.join(FOLDER, "nowhere") }
    assert_equal [1, 0], works
    assert_operator Midwatch.recorder.spool.dropped, :>, 0
  end

  def test_a_full_disk
    Midwatch.configure { |config| config.spool = "/dev/full" }
    assert_equal [1, 0], works
  end

  def test_a_recorder_that_breaks_everywhere
    broken = Class.new(Midwatch::Recorder) { def record(*) = raise("broken") }
    Midwatch.instance_variable_set(:@recorder, broken.new(Midwatch.settings))
    assert_equal [1, 0], works
    assert_operator Midwatch.recorder.faults, :>, 2
  end

  def test_what_was_dropped_is_told_when_the_disk_is_back
    Midwatch.record("log", { "message" => "settles earlier counts" }) while Midwatch.recorder.spool.dropped.positive?
    folder = File.join(FOLDER, "later")
    Midwatch.configure { |config| config.spool = folder }
    3.times { Midwatch.record("log", { "message" => "lost" }) }
    FileUtils.mkdir_p(folder)
    Midwatch.recorder.spool.instance_variable_set(:@retry_at, 0.0)
    2.times { Midwatch.record("log", { "message" => "kept" }) }
    lines = Dir[File.join(folder, "*")].flat_map { |path| File.readlines(path) }.map(&:strip).reject(&:empty?).map { |line| JSON.parse(line) }
    gap = lines.find { |event| event["kind"] == "source.gap" }
    assert_equal 3, gap["attributes"]["dropped"]
    numbers = lines.map { |event| event["source_seq"] }
    assert_equal [numbers[0], numbers[0] + 1, numbers[0] + 2], numbers
  end

  def test_a_child_writes_to_a_file_of_its_own
    Midwatch.record("log", { "message" => "parent" })
    child = fork do
      Midwatch.record("log", { "message" => "from the child" })
      exit!(0)
    end
    Process.wait(child)
    event = Told.events.find { |one| one["message"] == "from the child" }
    assert_includes event["source"], ":#{child}:"
    assert_equal 1, event["source_seq"]
  end

  def test_files_that_somebody_closed_are_opened_again
    Midwatch.record("log", { "message" => "before" })
    Midwatch.recorder.spool.instance_variable_get(:@file).close
    assert Midwatch.record("log", { "message" => "after the close" })
  end

  def test_text_in_any_encoding_becomes_a_line
    odd = ["\xff\xfe".b, "caf\xe9".dup.force_encoding("ISO-8859-1"), "nul \0 and \e[31m", "quote \" back \\ \n", "\u2028"]
    odd.each { |text| assert Midwatch.record("log", { "message" => text, "job" => "odd" }) }
    told = Told.events.select { |event| event["job"] == "odd" }.map { |event| event["message"] }
    assert_equal ["\uFFFD\uFFFD", "café", "nul \0 and \e[31m", "quote \" back \\ \n", "\u2028"], told
  end

  def test_what_is_longer_than_the_server_takes_does_not_cost_the_event
    long = "日本語" * 300
    assert Midwatch.record("job.enqueued", { "job" => "long" }, { "arguments" => [long] * 100, "job_id" => 7 })
    assert_equal({ "job_id" => 7, "too_long" => ["arguments"] }, Told.events.find { |event| event["job"] == "long" }["attributes"])
  end

  def test_a_timeout_of_the_application_passes_through
    assert_raises(Timeout::Error) { Midwatch.safely { raise Timeout::Error } }
    assert_nil(Midwatch.safely { raise "ours" })
  end

  def test_an_unknown_setting_is_refused_with_a_suggestion
    error = assert_raises(ArgumentError) { Midwatch.configure { |config| config.servise = "x" } }
    assert_includes error.message, "did you mean service?"
    assert_raises(ArgumentError) { Midwatch.configure { |config| config.arguments = "everything" } }
  end

  def test_a_pipe_or_a_link_under_our_name_does_not_block
    spool = Midwatch::Spool.new(File.join(FOLDER, "trap"), "ruby")
    FileUtils.mkdir_p(File.join(FOLDER, "trap"))
    name = spool.send(:path, spool.source[/\d+\z/])
    File.mkfifo(name)
    refute spool.append("{}")
    File.unlink(name)
    File.symlink("/etc/hostname", name)
    spool.instance_variable_set(:@retry_at, 0.0)
    refute spool.append("{}")
    assert_equal 2, spool.dropped
  end

  def test_numbers_go_on_when_the_settings_change
    Midwatch.record("log", { "message" => "one" })
    Midwatch.configure { |config| config.spool = File.join(FOLDER, "elsewhere") }
    FileUtils.mkdir_p(File.join(FOLDER, "elsewhere"))
    before = Told.newest("log")["source_seq"]
    assert Midwatch.record("log", { "message" => "two" })
    line = File.readlines(Dir[File.join(FOLDER, "elsewhere", "*")].first).map(&:strip).find { |text| text.include?("two") }
    assert_equal before + 1, JSON.parse(line)["source_seq"]
  end

  def test_a_full_file_is_followed_by_another_and_a_full_spool_by_silence
    folder = File.join(FOLDER, "large")
    FileUtils.mkdir_p(folder)
    spool = Midwatch::Spool.new(folder, "ruby")
    text = "{#{" " * 120_000}}"
    written = 0
    written += 1 while spool.append(text) && written < 2000
    bytes = Dir[File.join(folder, "*")].sum { |path| File.size(path) }
    assert_operator Dir[File.join(folder, "*")].size, :>=, 4
    assert_includes (64 << 20)..(84 << 20), bytes
    assert_equal 1, spool.dropped
  ensure
    FileUtils.rm_rf(folder)
  end
end
