# frozen_string_literal: true

require_relative "midwatch/version"
require_relative "midwatch/settings"
require_relative "midwatch/json_line"
require_relative "midwatch/spool"
require_relative "midwatch/redact"
require_relative "midwatch/recorder"
require_relative "midwatch/context"
require_relative "midwatch/actor"
require_relative "midwatch/failure"
require_relative "midwatch/audit"
require_relative "midwatch/rack"
require_relative "midwatch/delayed_job"
require_relative "midwatch/active_job"

# Records what runs when nobody looks. In a Rails application the gem turns itself on; elsewhere
# call `Midwatch.install` after Delayed::Job is loaded.
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
      @settings ||= Settings.from_environment
    end

    def recorder
      @recorder ||= Recorder.new(settings)
    end

    def redact
      recorder.redact
    end

    def record(kind, fields, attributes = nil, sync: false)
      safely { recorder.record(kind, fields, attributes, sync: sync) }
    end

    # Hooks into what is loaded. Harmless when called again.
    def install
      safely { DelayedJob.install } if defined?(::Delayed::Worker)
      safely { ActiveJobEnds.install } if defined?(::ActiveSupport::Notifications)
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

require_relative "midwatch/railtie" if defined?(::Rails::Railtie)
