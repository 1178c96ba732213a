# frozen_string_literal: true

require "logger"
require "zlib"

module Midwatch
  # The lines of a logger as events, beside what the logger does with them anyway. A line of several
  # kilobytes is cut, and the arguments that Rails and Delayed::Job print behind a job's name are
  # left out: they are values without names, in which nothing can be recognised.
  module LogEvents
    SEVERITIES = %w[debug info warn error fatal info].freeze
    LEVELS = { "debug" => 0, "info" => 1, "warn" => 2, "error" => 3 }.freeze
    # Warnings, and what is worse.
    NEVER_LEFT_OUT = 2
    MESSAGE_BYTES_MAX = 8_000
    ARGUMENTS = / with arguments: .*?(?= \(id=|\z)/m.freeze
    HANDLER = /\.? Handler: .*\z/m.freeze
    # Delayed::Job writes the time into the line itself.
    TIME = /\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}: /.freeze
    COLOURS = /\e\[[0-9;]*m/.freeze

    module_function

    def attach(logger)
      return if logger.nil? || level.nil?

      if logger.respond_to?(:broadcast_to)
        logger.broadcast_to(Copy.new) unless logger.broadcasts.any?(Copy)
      elsif logger.respond_to?(:add) && !logger.singleton_class.include?(Tap)
        logger.singleton_class.prepend(Tap)
      end
    end

    # Least number that becomes an event; nil where none does.
    def level
      LEVELS[Midwatch.settings.log_level.to_s]
    end

    # Whether a line of this severity may become an event, before anybody has made its text.
    def hears?(severity)
      least = level
      !least.nil? && (severity >= least || Midwatch.recorder.debug.any?)
    end

    def hears_debugging?
      Midwatch.safely { !level.nil? && Midwatch.recorder.debug.any? } || false
    end

    # Whether this line does: all lines of one run, else of one trace, go the same way.
    def keep?(severity, context, program)
      least = level
      return false if least.nil?
      return Midwatch.recorder.debug.wants?(context&.job, program&.to_s) if severity < least

      share = Midwatch.settings.log_sample
      return true if share >= 1 || severity >= NEVER_LEFT_OUT || Midwatch.recorder.debug.wants?(context&.job, program&.to_s)

      @number = (@number || 0) + 1
      kept = sampled?(share, context&.run_id, context&.trace_id, @number)
      Midwatch.recorder.leave_out unless kept
      kept
    end

    def sampled?(share, run_id, trace_id, number)
      share >= 1 || Zlib.crc32((run_id || trace_id || number).to_s) < share * 2**32
    end

    def tell(severity, message, program)
      context = Context.current
      return unless keep?(severity, context, program)

      error = message if message.is_a?(Exception)
      text = error ? error.message : message
      text = JsonLine.utf8(text.is_a?(String) ? text : text.inspect).gsub(COLOURS, "").sub(TIME, "").strip
      return if text.empty?

      fields = {
        "severity" => SEVERITIES[severity] || "info", "message" => safe(text), "runtime" => context&.runtime || "rails",
        "job" => context&.job, "run_id" => context&.run_id, "attempt" => context&.attempt, "trace_id" => context&.trace_id
      }
      fields.merge!(Failure.fields(error)) if error
      Midwatch.recorder.record("log", fields, program ? { "logger" => program.to_s } : nil)
    end

    def safe(text)
      text = text.sub(ARGUMENTS, "") if text.include?(" with arguments: ")
      text = text.sub(HANDLER, "") if text.include?(" Handler: ")
      Failure.cut(Midwatch.redact.text(Context.hide(Failure.cut(text, 4 * MESSAGE_BYTES_MAX))), MESSAGE_BYTES_MAX)
    end

    # A message that was given in the place of the program's name is the message.
    def hand_on(severity, message, program)
      Midwatch.safely { message.nil? ? tell(severity, program, nil) : tell(severity, message, program) }
    end

    # In front of a logger's own `add`, through which all its lines go. A message given as a block is
    # made once and handed on. A line below the logger's own level is heard only while somebody
    # debugs, and is not written by the logger even then.
    module Tap
      def add(severity, message = nil, program = nil, &block)
        severity ||= ::Logger::UNKNOWN
        below = severity < self.level
        return super if below && !LogEvents.hears_debugging?

        message = yield if message.nil? && block
        answer = below || super(severity, message, program)
        LogEvents.hand_on(severity, message, program)
        answer
      end
      alias log add

      def debug?
        super || LogEvents.hears_debugging?
      end
    end

    # For loggers that send each line to several (Rails 7.1).
    class Copy < ::Logger
      def initialize
        super(nil)
      end

      def level
        LogEvents.hears_debugging? ? DEBUG : LogEvents.level || UNKNOWN
      end

      def debug?
        level == DEBUG
      end

      def add(severity, message = nil, program = nil)
        severity ||= UNKNOWN
        return true unless LogEvents.hears?(severity)

        message = yield if message.nil? && block_given?
        LogEvents.hand_on(severity, message, program)
        true
      end
      alias log add
    end
  end
end
