# frozen_string_literal: true

require "logger"

module Midwatch
  # The lines of a logger as events, beside what the logger does with them anyway. A line of several
  # kilobytes is cut, and the arguments that Rails and Delayed::Job print behind a job's name are
  # left out: they are values without names, in which nothing can be recognised.
  module LogEvents
    SEVERITIES = %w[debug info warn error fatal info].freeze
    LEVELS = { "debug" => 0, "info" => 1, "warn" => 2, "error" => 3 }.freeze
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

    def tell(severity, message, program)
      return if severity < (level || 9)

      error = message if message.is_a?(Exception)
      text = error ? error.message : message
      text = JsonLine.utf8(text.is_a?(String) ? text : text.inspect).gsub(COLOURS, "").sub(TIME, "").strip
      return if text.empty?

      context = Context.current
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

    # In front of a logger's own `add`, through which all its lines go. A message given as a block is
    # made once and handed on.
    module Tap
      def add(severity, message = nil, program = nil, &block)
        severity ||= ::Logger::UNKNOWN
        return super if severity < self.level

        message = yield if message.nil? && block
        answer = super(severity, message, program)
        Midwatch.safely { message.nil? ? LogEvents.tell(severity, program, nil) : LogEvents.tell(severity, message, program) }
        answer
      end
      alias log add
    end

    # For loggers that send each line to several (Rails 7.1).
    class Copy < ::Logger
      def initialize
        super(nil)
        self.level = LogEvents.level
      end

      def add(severity, message = nil, program = nil)
        severity ||= UNKNOWN
        return true if severity < level

        message = yield if message.nil? && block_given?
        Midwatch.safely { message.nil? ? LogEvents.tell(severity, program, nil) : LogEvents.tell(severity, message, program) }
        true
      end
      alias log add
    end
  end
end
