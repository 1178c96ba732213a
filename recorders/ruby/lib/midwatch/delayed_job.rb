# frozen_string_literal: true

require_relative "handler"
require_relative "arguments"
require_relative "attempt"

module Midwatch
  # The life of every job of Delayed::Job.
  #
  # - Asked for: told after the transaction has committed; a job that was rolled back never existed.
  # - Attempted: around `perform`, which alone fires for a payload that cannot be loaded.
  # - Ended: by what `perform` answers, and by what ActiveJob says behind Delayed::Job's back, for
  #   which a retry or a discard of ActiveJob looks like a success.
  # - Killed: nothing fires at all. The start holds the worker's pid and start time, by which the
  #   agent notices.
  #
  # Every body stands inside `Midwatch.safely`, every yield outside of it, and what a yield answers
  # is handed on.
  module DelayedJob
    HEARTBEAT_SECONDS = 30

    class << self
      # First in the list of plugins is outermost. A lifecycle that exists already (something was
      # enqueued before) would not know the plugin and is set up again.
      def install
        plugin = plugin_class
        unless ::Delayed::Worker.plugins.include?(plugin)
          ::Delayed::Worker.plugins.unshift(plugin)
          ::Delayed::Worker.setup_lifecycle
        end
        hook_commit(::Delayed::Job) if defined?(::Delayed::Job) && ::Delayed::Job.respond_to?(:after_commit)
      end

      def hook_commit(model)
        return if model.instance_variable_get(:@midwatch_hooked)

        model.instance_variable_set(:@midwatch_hooked, true)
        model.after_commit(on: :create) { |job| Midwatch.safely { DelayedJob.enqueued(job) } }
      end

      def plugin_class
        @plugin_class ||= Class.new(::Delayed::Plugin) do
          callbacks do |lifecycle|
            lifecycle.before(:enqueue) { |job| Midwatch.safely { DelayedJob.asked(job) } }
            lifecycle.around(:perform) { |worker, job, &block| DelayedJob.attempt(worker, job, &block) }
            lifecycle.around(:invoke_job) { |job, &block| DelayedJob.invoked(job, &block) }
            lifecycle.around(:execute) { |worker, &block| DelayedJob.worked(worker, &block) }
            lifecycle.before(:loop) { |worker| Midwatch.safely { DelayedJob.alive(worker) } }
          end
        end
      end

      # --- asking for a run

      # The row is not there yet; what is known only now is kept on the job until the commit.
      def asked(job)
        handler = job.handler.to_s
        now = Context.current
        active_job_id = Handler.active_job_id(handler)
        retry_of_this = active_job_id && now&.active_job_id == active_job_id
        now.next_time = job.run_at if retry_of_this
        run_id = retry_of_this ? now.run_id : active_job_id || Midwatch.recorder.uuid7
        trace_id = now&.trace_id || run_id
        actor = retry_of_this ? now.actor : Actor.current
        job.handler = Handler.tag(handler, run_id, trace_id, actor) if Midwatch.settings.on?(:tag_handler)
        job.instance_variable_set(:@midwatch, {
          again: retry_of_this, trace_id: trace_id, parent: now&.run_id, actor: actor,
          time: Midwatch.recorder.time_text, arguments: arguments_of(job, handler)
        })
      end

      # The object that was handed in; the handler is not loaded for it.
      def arguments_of(job, handler)
        payload = job.instance_variable_get(:@payload_object)
        Midwatch.safely { Arguments.of(Handler.job_name(handler), payload) }
      end

      def enqueued(job)
        asked = job.instance_variable_get(:@midwatch)
        return if asked && asked[:again]

        handler = job.handler.to_s
        run_id, trace_id = identify(job, handler)
        fields = {
          "time" => asked && asked[:time], "runtime" => "delayed_job", "job" => Handler.job_name(handler),
          "run_id" => run_id, "trace_id" => trace_id, "parent_run_id" => asked && asked[:parent],
          "queue" => job.queue, "priority" => job.priority, "actor" => asked && asked[:actor]
        }
        attributes = { "job_id" => job.id, "due_time" => job.run_at && Midwatch.recorder.time_text(job.run_at) }
        attributes["arguments"] = asked[:arguments] if asked && asked[:arguments]
        Midwatch.recorder.record("job.enqueued", fields, attributes.compact)
      end

      # The same answer at enqueue and at every attempt.
      def identify(job, handler)
        Handler.ids(handler) || begin
          run_id = Handler.active_job_id(handler) || Handler.derived_id(job)
          asked = job.instance_variable_get(:@midwatch)
          [run_id, (asked && asked[:trace_id]) || run_id]
        end
      end

      # --- an attempt

      def attempt(worker, job, &block)
        context = Midwatch.safely { begin_attempt(job) }
        return block.call(worker, job) unless context

        clocks = Attempt.clocks
        answer = nil
        error = nil
        begin
          answer = Context.with(context) { block.call(worker, job) }
        rescue Exception => raised # rubocop:disable Lint/RescueException -- raised again below
          error = raised
          raise
        ensure
          Midwatch.safely { Context.with(context) { end_attempt(context, job, answer, error, Attempt.measures(clocks)) } }
        end
        answer
      end

      # With `delay_jobs` off, or by hand from a console, a job runs without `perform`.
      def invoked(job, &block)
        return block.call(job) if Context.current&.row.equal?(job)

        context = Midwatch.safely { begin_attempt(job) }
        return block.call(job) unless context

        invoke_alone(context, job, &block)
      end

      def worked(worker, &block)
        Context.leave_process
        Midwatch.safely { tell_worker("worker.started", worker) }
        block.call(worker)
      ensure
        Midwatch.safely { tell_worker("worker.stopped", worker) }
      end

      def alive(worker)
        now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
        @alive_at ||= now
        return if now - @alive_at < HEARTBEAT_SECONDS

        @alive_at = now
        tell_worker("worker.heartbeat", worker)
      end

      private

      def begin_attempt(job)
        handler = job.handler.to_s
        run_id, trace_id, actor = identify(job, handler)
        context = Context.new(trace_id: trace_id, actor: actor, given: -> { Arguments.given(job.instance_variable_get(:@payload_object)) })
        context.row = job
        context.runtime = "delayed_job"
        context.run_id = run_id
        context.job = Handler.job_name(handler)
        context.active_job_id = Handler.active_job_id(handler)
        context.attempt = Handler.executions(handler) + job.attempts.to_i + 1
        due = job.run_at
        wait = due ? [(Time.now.to_f - due.to_f) * 1000, 0.0].max : nil
        Midwatch.recorder.record("job.started", run_fields(context, job).merge("wait_ms" => wait))
        context
      end

      def run_fields(context, job)
        {
          "runtime" => "delayed_job", "job" => context.job, "run_id" => context.run_id,
          "attempt" => context.attempt, "trace_id" => context.trace_id, "actor" => context.actor,
          "queue" => job.queue, "priority" => job.priority, "worker" => Midwatch.recorder.spool.current.worker
        }
      end

      def end_attempt(context, job, answer, raised, measured)
        fields = run_fields(context, job).merge!(measured)
        return Attempt.ended_by_active_job(context, fields) if answer == true && context.active_job_end

        if answer == true && raised.nil?
          Midwatch.recorder.record("job.succeeded", fields.merge!("outcome" => "succeeded"))
        else
          failed(context, job, fields, answer, raised || job.error)
        end
      end

      def failed(context, job, fields, answer, error)
        # A job that has no row is not tried again, whoever ran it.
        final = answer != false || !job.persisted? || !job.failed_at.nil?
        fields["outcome"] = final ? "failed" : "retrying"
        fields["severity"] = final ? "error" : "warn"
        fields.merge!(Failure.fields(error)) if error
        Midwatch.recorder.record("job.failed", fields, (job.destroyed? ? { "row" => "destroyed" } : nil))
        Attempt.retried(fields, job.run_at) unless final
      end

      def invoke_alone(context, job, &block)
        clocks = Attempt.clocks
        error = nil
        begin
          Context.with(context) { block.call(job) }
        rescue Exception => raised # rubocop:disable Lint/RescueException -- raised again below
          error = raised
          raise
        ensure
          Midwatch.safely { Context.with(context) { end_attempt(context, job, error.nil?, error, Attempt.measures(clocks)) } }
        end
      end

      def tell_worker(kind, worker)
        fields = { "runtime" => "delayed_job", "worker" => Midwatch.recorder.spool.current.worker }
        queues = worker.class.queues
        attributes = { "name" => worker.name }
        attributes["queues"] = queues.map(&:to_s) if queues && !queues.empty?
        Midwatch.recorder.record(kind, fields, attributes)
      end
    end
  end
end
