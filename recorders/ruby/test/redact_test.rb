# frozen_string_literal: true

require "json"
require "tempfile"
require "minitest/autorun"
require_relative "../lib/midwatch/redact"

class RedactTest < Minitest::Test
  FILES = Dir[File.expand_path("../../../contract/redaction/cases/*.json", __dir__)].sort

  def setup
    @redact = Midwatch::Redact.new(key: "midwatch test key")
  end

  def test_replays_the_contract_byte_for_byte
    seen = 0
    FILES.each do |file|
      cases = JSON.parse(File.read(file))
      (cases["texts"] || []).each do |entry|
        seen += 1
        assert_equal entry["expected"], @redact.text(entry["text"]), "#{file}: #{entry["name"]}"
      end
      (cases["structures"] || []).each do |entry|
        seen += 1
        assert_equal entry["expected"], @redact.value(entry["value"]), "#{file}: #{entry["name"]}"
      end
    end
    assert_operator seen, :>=, 80
  end

  def test_leaves_the_marks_of_the_server_with_a_secret_that_it_gave_out
    shared = JSON.parse(File.read(File.expand_path("../../../contract/redaction/shared.json", __dir__)))
    redact = Midwatch::Redact.new(key: shared["secret"])
    assert_equal shared["expected"], redact.text(shared["text"])
    assert_equal shared["digest"], redact.digest(shared["value"])
  end

  def test_replays_the_rules_of_a_user_byte_for_byte
    cases = JSON.parse(File.read(File.expand_path("../../../contract/redaction/user-rules.json", __dir__)))
    user = Midwatch::Redact::UserRules.new(cases["compiled"], cases["service"])
    seen = 0
    %w[texts structures arguments].each do |kind|
      cases[kind].each do |entry|
        seen += 1
        redact = Midwatch::Redact.new(key: "midwatch test key", user: user, job: entry["job"])
        hide = kind == "arguments" ? user.arguments_of(entry["job"])[1] : []
        found = kind == "texts" ? redact.text(entry["text"]) : redact.value(redact.without(entry["value"], hide))
        assert_equal entry["expected"], found, entry.to_s
      end
    end
    assert_operator seen, :>=, 25
    assert_equal [true, []], user.arguments_of("PayrollJob")
  end

  def test_refuses_rules_that_are_not_compiled
    ["keys: []\n", "[]", '{"version": 1}', '{"version": 2}'].each do |text|
      Tempfile.create("rules") do |file|
        file.write(text)
        file.flush
        assert_raises(ArgumentError) { Midwatch::Redact::UserRules.read(file.path, "shop") }
      end
    end
  end

  def test_reads_symbols_as_keys
    assert_equal({ "user" => { "api_key" => "[REDACTED:api_key:0657f03d]" } }, @redact.value({ user: { api_key: :k9 } }))
  end

  def test_never_raises_and_never_inspects
    hostile = Class.new { def inspect = raise("inspected"); def to_s = raise("asked"); def self.name = "Hostile" }.new
    loop_hash = {}
    loop_hash[:self] = loop_hash
    [nil, "\xff\xfe password=\xff".b, "\xff", "é".encode("UTF-16LE"), hostile, loop_hash, Float::NAN, [hostile] * 5000,
     { hostile => 1 }, "x" * 1_000_000, :"é", 10**400].each do |object|
      JSON.generate(@redact.value(object))
      JSON.generate(@redact.shape(object))
      @redact.digest(object)
      @redact.text(object)
    end
    assert_equal "#<Hostile>", @redact.value(hostile)
    assert_operator JSON.generate(@redact.value([hostile] * 5000)).bytesize, :<, 50_000
  end

  def test_depth_and_size_are_bounded
    deep = 40.times.reduce("x") { |inner, _| [inner] }
    assert_includes JSON.generate(@redact.value(deep)), "[REDACTED:depth]"
    assert_equal "[REDACTED:overrun]", Midwatch::Redact.new.text("=" * 300_000)
  end

  def test_a_digest_depends_on_the_key_and_not_on_the_order
    assert_equal @redact.digest({ b: 1, a: [2] }), @redact.digest({ "a" => [2], "b" => 1 })
    refute_equal @redact.digest({ a: 1 }), Midwatch::Redact.new(key: "other").digest({ a: 1 })
    assert_nil Midwatch::Redact.new.digest({ a: 1 })
  end

  def test_shape_has_names_and_types_only
    assert_equal({ "a" => %w[integer number], "password" => "string" }, @redact.shape({ a: [1, 2.5], password: "x" }))
  end

  def test_keys_can_be_allowed_and_denied
    redact = Midwatch::Redact.new(allow: ["auth_token"], deny: ["nick_name"])
    assert_equal({ "auth_token" => "x", "nickName" => "[REDACTED:custom]" }, redact.value({ auth_token: "x", nickName: "y" }))
    assert_equal "nick_name=[REDACTED:custom]", redact.text("nick_name=y")
  end

  def test_sensitive_tells_of_a_key
    assert @redact.sensitive?(:user_password)
    refute @redact.sensitive?("token_count")
  end

  def test_leaves_a_clean_string_the_same_object
    text = "12 rows in 5 ms"
    assert_same text, @redact.text(text)
  end
end
