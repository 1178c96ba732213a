# frozen_string_literal: true

require "json"
require "minitest/autorun"
$LOAD_PATH.unshift File.expand_path("../lib", __dir__)
require "midwatch"

# The golden events, written by this recorder, are the golden events.
class ContractTest < Minitest::Test
  FOLDER = File.expand_path("../../../contract/events", __dir__)

  def test_golden_records_are_written_as_they_are
    seen = 0
    %w[golden-records.ndjson tolerated-records.ndjson].each do |name|
      File.foreach(File.join(FOLDER, name)) do |line|
        record = JSON.parse(line)
        attributes = record.delete("attributes")
        written = JSON.parse(Midwatch::JsonLine.generate(record, attributes))
        record["attributes"] = attributes if attributes && !attributes.empty?
        assert_equal record, written
        seen += 1
      end
    end
    assert_operator seen, :>=, 10
  end
end
