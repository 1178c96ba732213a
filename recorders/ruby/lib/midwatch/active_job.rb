# frozen_string_literal: true

module Midwatch
  # What ActiveJob does behind its adapter's back. Only these notifications say the same in Rails 6
  # and 7; `perform.active_job` does not.
  module ActiveJobEnds
    ENDS = { "enqueue_retry.active_job" => :retried, "discard.active_job" => :discarded }.freeze

    class << self
      def install
        return if @installed

        @installed = true
        ENDS.each do |name, ending|
          ::ActiveSupport::Notifications.subscribe(name) do |*, payload|
            Midwatch.safely { note(payload, ending) }
          end
        end
      end

      def note(payload, ending)
        context = Context.current
        return unless context&.active_job_id && context.active_job_id == payload[:job]&.job_id

        context.active_job_end = ending
        context.active_job_error = payload[:error]
      end
    end
  end
end
