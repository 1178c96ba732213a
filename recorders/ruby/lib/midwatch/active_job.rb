# frozen_string_literal: true

require_relative "arguments"
require_relative "attempt"

module Midwatch
  # The runs of ActiveJob, whatever its adapter. Where that is Delayed::Job, whose hooks tell more,
  # all that is heard here is what ActiveJob does behind its back: of that, only these notifications
  # say the same in Rails 6 and 7, and `perform.active_job` does not.
  module ActiveJobRuns
    ENDS = { "enqueue_retry.active_job" => :retried, "discard.active_job" => :discarded }.freeze
    ASKED = %w[enqueue.active_job enqueue_at.active_job].freeze

    # Around the whole of an attempt: `retry_on` and `discard_on` act inside of it.
    module Performed
      def perform_now
        ActiveJobRuns.attempt(self) { super }
      end

      # The ids travel with the job to whichever process takes it.
      def serialize
        link = Midwatch.safely { ActiveJobRuns.link_of(self) unless ActiveJobRuns.delayed_job?(self.class.queue_adapter) }
        link ? super.merge("midwatch" => link) : super
      end

      def deserialize(job_data)
        super
        @midwatch_link = job_data["midwatch"] if job_data["midwatch"].is_a?(Hash)
      end
    end

    # Sees what comes to no attempt at all, since the class is gone.
    module Executed
      def execute(job_data)
        super
      rescue Exception => error # rubocop:disable Lint/RescueException -- raised again below
        Midwatch.safely { ActiveJobRuns.unloadable(job_data, error) }
        raise
      end
    end

    class << self
      def install
        return if @installed

        @installed = true
        ENDS.each { |name, ending| hear(name) { |payload, time| ended(payload, ending, time) } }
        ASKED.each { |name| hear(name) { |payload, time| asked(payload[:job], payload, time) } }
        hear("enqueue_all.active_job") do |payload, time|
          payload[:jobs].each { |job| asked(job, payload, time) if job.successfully_enqueued? }
        end
        ::ActiveSupport.on_load(:active_job) do
          prepend Performed
          singleton_class.prepend Executed
        end
      end

      def delayed_job?(adapter)
        (adapter.is_a?(Module) ? adapter : adapter.class).name.to_s.end_with?("DelayedJobAdapter")
      end

      # Made when the job is asked for, kept over its retries.
      def link_of(job)
        job.instance_variable_get(:@midwatch_link) || begin
          now = Context.current
          link = { "trace" => now&.trace_id || job.job_id, "parent" => now&.run_id, "actor" => Actor.current }.compact
          job.instance_variable_set(:@midwatch_link, link)
        end
      end

      def attempt(job)
        context = Midwatch.safely { begin_attempt(job) }
        return yield unless context

        clocks = Attempt.clocks
        error = nil
        begin
          Context.with(context) { yield }
        rescue Exception => raised # rubocop:disable Lint/RescueException -- raised again below
          error = raised
          raise
        ensure
          Midwatch.safely { Context.with(context) { end_attempt(context, job, error, Attempt.measures(clocks)) } }
        end
      end

      def unloadable(job_data, error)
        return if Context.current&.row || @told.equal?(error)

        link = job_data["midwatch"] || {}
        fields = {
          "runtime" => "active_job", "job" => job_data["job_class"].to_s, "run_id" => job_data["job_id"],
          "trace_id" => link["trace"] || job_data["job_id"], "actor" => link["actor"], "queue" => job_data["queue_name"],
          "outcome" => "failed", "severity" => "error", "worker" => Midwatch.recorder.spool.current.worker
        }
        Midwatch.recorder.record("job.failed", fields.merge!(Failure.fields(error)))
      end

      private

      def hear(name)
        ::ActiveSupport::Notifications.subscribe(name) do |_name, started, _ended, _id, payload|
          Midwatch.safely { yield payload, started }
        end
      end

      def ended(payload, ending, time)
        context = Context.current
        return unless context&.active_job_id && context.active_job_id == payload[:job]&.job_id

        context.active_job_end = ending
        context.active_job_time = time if time.is_a?(Time)
        context.active_job_error = payload[:error]
      end

      # A retry is no new run; the attempt that asks for it says so itself.
      def asked(job, payload, time)
        return if payload[:aborted] || payload[:exception] || delayed_job?(payload[:adapter])
        return if job.respond_to?(:enqueue_error) && job.enqueue_error
        return Context.current.next_time = due_time(job) if Context.current&.active_job_id == job.job_id

        link = link_of(job)
        fields = { "time" => time.is_a?(Time) ? Midwatch.recorder.time_text(time) : nil, "actor" => link["actor"], "parent_run_id" => link["parent"] }
        name = name_of(job)
        arguments = Midwatch.recorder.arguments_of(name) == "none" ? nil : Midwatch.safely { Arguments.kept(name, structure_of(job)) }
        attributes = { "due_time" => due_time(job)&.then { |due| Midwatch.recorder.time_text(due) }, "arguments" => arguments }
        Midwatch.recorder.record("job.enqueued", own_fields(job, link, name).merge!(fields), attributes.compact)
      end

      def begin_attempt(job)
        now = Context.current
        return if now&.row && now.active_job_id == job.job_id

        link = link_of(job)
        context = Context.new(trace_id: link["trace"], actor: link["actor"], given: -> { structure_of(job) })
        context.runtime = "active_job"
        context.run_id = context.active_job_id = job.job_id
        context.job = name_of(job)
        context.attempt = job.executions.to_i + 1
        due = due_time(job) || asked_time(job)
        waited = due ? { "wait_ms" => [(Time.now.to_f - due.to_f) * 1000, 0.0].max } : {}
        fields = attempt_fields(context, job).merge!("parent_run_id" => link["parent"])
        Midwatch.recorder.record("job.started", fields.merge!(waited))
        context
      end

      def end_attempt(context, job, error, measured)
        fields = attempt_fields(context, job).merge!(measured)
        if error
          @told = error
          fields.merge!("outcome" => "failed", "severity" => "error").merge!(Failure.fields(error))
          Midwatch.recorder.record("job.failed", fields)
        elsif context.active_job_end
          Attempt.ended_by_active_job(context, fields)
        else
          Midwatch.recorder.record("job.succeeded", fields.merge!("outcome" => "succeeded"))
        end
      end

      def attempt_fields(context, job)
        own_fields(job, { "trace" => context.trace_id }, context.job).merge!(
          "attempt" => context.attempt, "actor" => context.actor, "worker" => Midwatch.recorder.spool.current.worker
        )
      end

      def own_fields(job, link, name)
        {
          "runtime" => "active_job", "job" => name, "run_id" => job.job_id, "trace_id" => link["trace"],
          "queue" => job.queue_name, "priority" => job.priority
        }
      end

      # Mail is told by mailer and method, as people write it.
      def name_of(job)
        name = job.class.name.to_s
        name.match?(Handler::MAILER_JOBS) && job.arguments.size >= 2 ? "#{job.arguments[0]}##{job.arguments[1]}" : name
      end

      def structure_of(job)
        Arguments.named(job.method(:perform), job.arguments, [Arguments::ITEMS_MAX])
      end

      # A text in Rails 6, a time in 7.
      def asked_time(job)
        time = job.enqueued_at
        time.is_a?(String) ? Time.iso8601(time) : time
      end

      # A number in Rails 6, a time in 7.
      def due_time(job)
        job.scheduled_at && Time.at(job.scheduled_at.to_r)
      end
    end
  end
end
