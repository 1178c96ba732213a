# frozen_string_literal: true

require_relative "version"
require_relative "settings"
require_relative "json_line"
require_relative "spool"
require_relative "redact"
require_relative "recorder"
require_relative "context"
require_relative "actor"
require_relative "failure"
require_relative "audit"
require_relative "link"
require_relative "rack"
require_relative "delayed_job"
require_relative "active_job"
require_relative "log_events"

# Records what runs when nobody looks. In a Rails application the gem turns itself on; elsewhere
# call `Midwatch.install` after Delayed::Job is loaded. This is all but the Railtie: Puma loads its
# plugin, and with it this file, before there is a Rails.
module Midwatch
  class << self
    # Yields the settings. An unknown name or value raises here and nowhere later.
    def configure
      changed = settings.dup
      yield changed
      @settings = changed
      @recorder = Recorder.new(changed, @recorder)
      nil
    end

    def settings
      @settings ||= Settings.new.tap { |read| read.complaints.each { |complaint| $stderr.puts "midwatch: #{complaint}" } }
    end

    def recorder
      @recorder ||= Recorder.new(settings)
    end

    # By the rules that hold for a job, else for the one that runs now.
    def redact(*job)
      recorder.redact(*job)
    end

    def record(kind, fields, attributes = nil, sync: false)
      safely { recorder.record(kind, fields, attributes, sync: sync) }
    end

    # Hooks into what is loaded. Harmless when called again; nothing at all when switched off.
    def install
      return unless settings.on?(:enabled)

      safely { DelayedJob.install } if defined?(::Delayed::Worker)
      safely { ActiveJobRuns.install } if defined?(::ActiveSupport::Notifications)
    end

    # Makes the lines of a logger events too, with the run and the trace they belong to.
    def log_from(logger)
      safely { LogEvents.attach(logger) } if settings.on?(:enabled)
    end

    # A recorder's own fault is counted, never raised: the application must not notice. A timeout
    # is not ours: it was aimed at the application's code and must arrive there.
    def safely
      yield
    rescue StandardError, ScriptError, SystemStackError => error
      raise if defined?(::Timeout::Error) && error.is_a?(::Timeout::Error)

      @recorder.faults += 1 if @recorder
      nil
    end
  end
end
