# frozen_string_literal: true

module Midwatch
  class << self
    # What must travel with a message, or stand in a file, so that the run it leads to knows who
    # asked for it: the trace, the run that asks, its name, and when (microseconds since 1970).
    #   message["headers"]["midwatch"] = Midwatch.link
    #   File.write("tmp/export.asked", Midwatch.link.values_at("trace", "parent").join(" "))
    def link
      safely do
        now = Context.current
        { "trace" => now&.trace_id || recorder.uuid7, "parent" => now&.run_id, "actor" => Actor.current,
          "sent" => Process.clock_gettime(Process::CLOCK_REALTIME, :microsecond) }.compact
      end || {}
    end

    # Records that a run of another runtime is asked for here, and answers the link that must travel
    # with the message. `run_id` is the id under which that runtime will record it.
    #   Midwatch.hand_over("billing.export", run_id: task_id, runtime: "celery", queue: "celery")
    def hand_over(job, run_id:, runtime:, queue: nil)
      link.tap do |told|
        record("job.enqueued", {
          "runtime" => runtime, "job" => job, "run_id" => run_id, "queue" => queue,
          "trace_id" => told["trace"], "parent_run_id" => told["parent"], "actor" => told["actor"]
        })
      end
    end
  end
end
