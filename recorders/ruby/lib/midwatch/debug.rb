# frozen_string_literal: true

require "json"
require "time"

module Midwatch
  # Whether somebody asked for more log lines for a while: `midwatch debug` reaches us by a file that
  # the agent writes into the spool. It is looked at once a second at most, and only when there is a
  # line that the level or sampling would leave out. An entry that is over says nothing, whether or
  # not it still stands there; a file that is not the agent's is passed over.
  class Debug
    NAME = "control.json"
    LOOK_SECONDS = 1.0
    BYTES_MAX = 64 * 1024
    ENTRIES_MAX = 100
    # Nobody debugs for longer.
    SECONDS_MAX = 7 * 24 * 3600

    def initialize(settings)
      @settings = settings
      @looked = -LOOK_SECONDS
      @changed = nil
      @entries = []
    end

    # Whether any line may be asked for now.
    def any?
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      if now - @looked >= LOOK_SECONDS
        @looked = now
        look
      end
      !@entries.empty?
    end

    # Whether a line of this job and logger is wanted whatever the level and sampling say.
    def wants?(job, logger)
      return false unless any?

      now = Time.now
      said = { "service" => @settings.service, "job" => job, "logger" => logger }
      @entries.any? do |till, entry|
        till > now && said.all? { |key, value| entry[key].nil? || entry[key] == value }
      end
    end

    private

    # Replaced whole: two threads may be here.
    def look
      path = File.join(@settings.spool, NAME)
      found = File.lstat(path)
      changed = [found.ino, found.mtime.to_r]
      return if changed == @changed

      @changed = changed
      @entries = trusted?(found) ? read(path) : []
    rescue Errno::ENOENT
      @changed = nil
      @entries = []
    rescue SystemCallError, IOError, ArgumentError, TypeError, JSON::ParserError, EncodingError
      @entries = []
    end

    # Other applications may make files in the spool as well.
    def trusted?(found)
      owners = [0, Process.euid, File.stat(@settings.spool).uid]
      found.file? && found.size <= BYTES_MAX && owners.include?(found.uid) && (found.mode & 0o002).zero?
    end

    def read(path)
      said = JSON.parse(File.binread(path, BYTES_MAX))
      entries = said.is_a?(Hash) ? said["debug"] : nil
      latest = Time.now + SECONDS_MAX
      Array(entries).first(ENTRIES_MAX).grep(Hash).map { |entry| [[Time.iso8601(entry["until"]), latest].min, entry] }
    end
  end
end
