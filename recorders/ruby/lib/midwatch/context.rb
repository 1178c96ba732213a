# frozen_string_literal: true

module Midwatch
  # What the code that runs now belongs to: a request, or an attempt of a run. Kept by fiber, so
  # that two requests on one server never see each other's.
  class Context
    KEY = :midwatch_context

    attr_accessor :run_id, :attempt, :job, :row, :active_job_id, :active_job_error, :active_job_end,
                  :next_time, :runtime

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

    # Either may be something that is asked when it is needed: Rails gives a request its id, and
    # knows its user, only further in.
    def initialize(trace_id: nil, actor: nil)
      @trace_id = trace_id
      @actor = actor
    end

    def trace_id
      @trace_id.respond_to?(:call) ? @trace_id.call : @trace_id
    end

    def actor
      @actor.respond_to?(:call) ? @actor.call : @actor
    end
  end
end
