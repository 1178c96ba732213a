# frozen_string_literal: true

module Midwatch
  # What the code that runs now belongs to: a request, or an attempt of a run. Kept by fiber, so
  # that two requests on one server never see each other's.
  class Context
    KEY = :midwatch_context

    attr_accessor :run_id, :attempt, :job, :actor, :active_job_id, :active_job_error, :active_job_end,
                  :next_time, :runtime
    attr_writer :trace_id

    def self.current
      Thread.current[KEY]
    end

    # Puts `context` in place for the block, and what was there before back after it.
    def self.with(context)
      before = Thread.current[KEY]
      Thread.current[KEY] = context
      yield
    ensure
      Thread.current[KEY] = before
    end

    def initialize(trace_id: nil, actor: nil, &trace_source)
      @trace_id = trace_id
      @trace_source = trace_source
      @actor = actor
    end

    # Asked for late, because Rails gives a request its id only further in.
    def trace_id
      @trace_id || @trace_source&.call
    end
  end
end
