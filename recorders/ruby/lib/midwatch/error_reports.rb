# frozen_string_literal: true

module Midwatch
  # What Rails' error reporter hears (Rails 7): errors that the application has dealt with, and those
  # of code that is neither a request nor a job. What ends a request or a job is told with its end.
  class ErrorReports
    SEVERITIES = { error: "error", warning: "warn", info: "info" }.freeze

    def self.install
      return if @installed || !::Rails.respond_to?(:error)

      @installed = true
      ::Rails.error.subscribe(new)
    end

    def report(error, handled:, severity:, context: {}, source: nil)
      Midwatch.safely do
        now = Context.current
        next if now && !handled

        fields = {
          "runtime" => now&.runtime || "rails", "severity" => SEVERITIES[severity] || "error",
          "message" => "#{handled ? "Handled" : "Unhandled"} #{error.class.name}",
          "job" => now&.job, "run_id" => now&.run_id, "attempt" => now&.attempt, "trace_id" => now&.trace_id
        }
        attributes = { "logger" => source.to_s, "handled" => handled }
        said = Arguments.plain(context, [Arguments::ITEMS_MAX])
        attributes["context"] = Midwatch.redact.value(said) unless said.empty?
        Midwatch.recorder.record("log", fields.merge!(Failure.fields(error)), attributes)
      end
    end
  end
end
