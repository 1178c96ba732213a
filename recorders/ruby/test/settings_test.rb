# frozen_string_literal: true

require_relative "environment"

# What can be set, held to the contract that Python's recorder is held to as well.
class SettingsTest < Minitest::Test
  CONTRACT = File.expand_path("../../../contract/settings", __dir__)

  def teardown
    Midwatch.configure { |config| config.hash_fields = config.drop_fields = [] }
  end

  def contract(name)
    JSON.parse(File.read(File.join(CONTRACT, name)))
  end

  def test_the_table_is_the_contracts
    types = { "map" => {}, "list" => [] }
    expected = contract("settings.json")["settings"].select { |one| one["in"].include?("ruby") }.map do |one|
      default = one["default"] || types[one["type"]]
      [one["name"], one["variable"], one["type"], default.to_s, one["choices"]]
    end
    assert_operator expected.size, :>, 12
    ours = Midwatch::Settings::NAMES.map do |name, (variable, type, default)|
      [name.to_s, variable, type.to_s, default.to_s, Midwatch::Settings::CHOICES[name]]
    end
    assert_equal expected.sort_by(&:first), ours.sort_by(&:first)
  end

  def test_the_cases_of_the_file
    cases = contract("cases.json")["cases"]
    assert_operator cases.size, :>=, 4
    cases.each do |one|
      settings = Midwatch::Settings.new(one["variables"], one["file"])
      one["expected"].each { |name, value| value.nil? ? assert_nil(settings.public_send(name)) : assert_equal(value, settings.public_send(name), one["name"]) }
      assert_equal one["complaints"].size, settings.complaints.size, settings.complaints.join("\n")
      one["complaints"].each { |words| assert settings.complaints.any? { |said| words.all? { |word| said.include?(word) } }, "#{words} #{settings.complaints}" }
    end
  end

  def test_the_lines_that_sampling_keeps
    contract("cases.json")["sample"]["lines"].each do |line|
      assert_equal line["kept"], Midwatch::LogEvents.sampled?(line["share"], line["run_id"], line["trace_id"], 1), line
    end
  end

  def test_code_wins_and_chooses_sections
    settings = Midwatch::Settings.new({ "MIDWATCH_LOG_LEVEL" => "warn" }, "[service shop]\nlog_sample = 0.2\nlog_level = debug\n")
    assert_equal 1, settings.log_sample
    settings.service = "shop"
    settings.arguments_by_job = { "A" => "none" }
    assert_equal [0.2, "warn", "none"], [settings.log_sample, settings.log_level, settings.arguments_of("A")]
    copy = settings.dup
    copy.log_level = "error"
    assert_equal "warn", settings.log_level
  end

  def test_a_file_that_is_named_and_not_there_is_told
    settings = Midwatch::Settings.new({ "MIDWATCH_SETTINGS" => "/nowhere/recorder.conf" })
    assert_match(%r{/nowhere/recorder.conf cannot be read}, settings.complaints.join)
  end

  def test_what_is_wrong_is_told_as_a_line_too
    script = 'require "midwatch"; Midwatch.record("log", { "message" => "first" })'
    folder = File.join(FOLDER, "complaints")
    FileUtils.mkdir_p(folder)
    environment = { "MIDWATCH_SPOOL" => folder, "MIDWATCH_LOG_LEVEL" => "loud" }
    lib = File.expand_path("../lib", __dir__)
    said = IO.popen([environment, RbConfig.ruby, "-I", lib, "-e", script, err: %i[child out]], &:read)
    assert_equal "midwatch: $MIDWATCH_LOG_LEVEL: log_level must be one of debug, info, warn, error, off, not \"loud\"\n", said
    lines = Dir[File.join(folder, "*")].flat_map { |path| File.readlines(path) }.map(&:strip).reject(&:empty?).map { |line| JSON.parse(line) }
    assert_equal %w[warn], lines.map { |line| line["severity"] }.compact
    assert_includes lines.first["message"], "A setting is passed over: $MIDWATCH_LOG_LEVEL"
    assert_equal [1, 2], lines.map { |line| line["source_seq"] }
  end

  def test_takes_the_rules_of_a_user_and_records_no_arguments_when_it_cannot
    cases = JSON.parse(File.read(File.expand_path("../../../contract/redaction/user-rules.json", __dir__)))
    before = Midwatch.settings.service
    Dir.mktmpdir do |folder|
      path = File.join(folder, "rules.json")
      File.write(path, JSON.generate(cases["compiled"]))
      Midwatch.configure { |config| config.service, config.redaction_rules = "shop", path }
      assert_equal "voucher=8", Midwatch.redact.text("voucher=8")
      context = Midwatch::Context.new(given: -> { { "user" => "robert-b", "answer" => "my first dog" } })
      context.job = "LoginJob"
      assert_equal "robert-b of [REDACTED:secret]", context.hide("robert-b of my first dog")
      Midwatch::Context.with(Midwatch::Context.new.tap { |other| other.job = "Mail::A" }) do
        assert_equal "voucher=[REDACTED:custom]", Midwatch.redact.text("voucher=8").sub(/:[0-9a-f]{8}\]/, "]")
      end
      assert_equal %w[digest redacted], %w[PayrollJob Other].map { |job| Midwatch.recorder.arguments_of(job) }
      kept = Midwatch::Arguments.kept("LoginJob", %w[bob dog])
      assert_equal ["bob", true], [kept[0], kept[1].start_with?("[REDACTED:argument")]
      _, told = capture_io { Midwatch.configure { |config| config.redaction_rules = "#{path}.absent" } }
      assert_match(/cannot be read/, told)
      assert_equal %w[none none], %w[PayrollJob Other].map { |job| Midwatch.recorder.arguments_of(job) }
    end
  ensure
    Midwatch.configure { |config| config.service, config.redaction_rules = before, nil }
  end

  def test_fields_are_hashed_or_dropped_wherever_they_stand
    Midwatch.configure do |config|
      config.digest_key = "k" * 32
      config.hash_fields = "customer_id, queue"
      config.drop_fields = %w[note actor]
    end
    Midwatch.record("job.enqueued", { "job" => "A", "run_id" => "hashed-1", "queue" => "mail", "actor" => "eve" })
    event = Told.of("hashed-1").last
    assert_equal ["A", nil], event.values_at("job", "actor")
    refute_includes event["queue"], "mail"
    safe = Midwatch.redact.value({ "customer_id" => "c-77", "note" => "call her", "deep" => [{ "Note" => 1, "order" => 7 }] })
    assert_equal({ "order" => 7 }, safe["deep"].first)
    refute_match(/c-77|call her/, safe.to_json)
    assert_equal safe["customer_id"], Midwatch.redact.value({ "customer_id" => "c-77" })["customer_id"]
    assert_equal({ "order" => "integer" }, Midwatch.redact.shape({ "order" => 7, "note" => "x" }))
  ensure
    Midwatch.configure { |config| config.digest_key = nil }
  end
end
