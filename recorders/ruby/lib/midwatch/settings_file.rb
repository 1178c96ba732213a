# frozen_string_literal: true

module Midwatch
  # Reads the settings file: lines `name = value`, and sections for an environment, a service, a job.
  class SettingsFile
    VARIABLE = "MIDWATCH_SETTINGS"
    DEFAULT = "/etc/midwatch/recorder.conf"
    BYTES_MAX = 256 * 1024
    SECTION = /\A\[\s*(environment|service|job)\s+(.*?)\s*\]\z/.freeze

    # `section` is nil or a kind and a name.
    Pair = Struct.new(:section, :name, :text, :number)

    attr_reader :path, :pairs, :complaints

    # The file that the environment names, or the usual one; empty where there is none.
    def self.of(environment)
      named = environment[VARIABLE].to_s
      path = named.empty? ? DEFAULT : named
      return new("", path) unless !named.empty? || File.exist?(path)

      new(File.binread(path, BYTES_MAX).to_s.force_encoding(Encoding::UTF_8).scrub("?"), path)
    rescue SystemCallError, IOError => error
      new("", path, ["#{path} cannot be read: #{error.message}"])
    end

    def initialize(text, path = "settings", complaints = [])
      @path = path
      @complaints = complaints
      @pairs = []
      section = nil
      text.each_line.with_index(1) do |line, number|
        line = line.strip
        next if line.empty? || line.start_with?("#")

        if line.start_with?("[")
          section = section_of(line, number)
        elsif !line.include?("=")
          complain(number, "expected name = value")
        elsif section != :unknown
          name, _, value = line.partition("=")
          @pairs << Pair.new(section, name.strip, value.strip, number)
        end
      end
    end

    private

    def section_of(line, number)
      match = SECTION.match(line)
      return [match[1], match[2]] if match

      complain(number, "unknown section #{line[0, 100]}; known are [environment NAME], [service NAME], [job NAME]")
      :unknown
    end

    def complain(number, text)
      @complaints << "#{@path} line #{number}: #{text}"
    end
  end
end
