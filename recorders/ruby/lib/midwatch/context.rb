# frozen_string_literal: true

module Midwatch
  # What the code that runs now belongs to: a request, or an attempt of a run. Kept by fiber, so
  # that two requests on one server never see each other's.
  class Context
    KEY = :midwatch_context
    MARK = "[REDACTED:secret]"
    # Shorter ones stand in many a text by chance.
    SECRET_BYTES = (6..1024).freeze
    SECRETS_MAX = 50

    attr_accessor :run_id, :attempt, :job, :row, :active_job_id, :active_job_error, :active_job_end,
                  :active_job_time, :next_time, :runtime
    # How this code is named where it asks for a run.
    attr_writer :asker

    class << self
      def current
        Thread.current[KEY] || (defined?(@of_process) ? @of_process : @of_process = of_process)
      end

      # A worker or server goes on when the command that started it has long ended.
      def leave_process
        @of_process = nil
      end

      private

      # A command that a wrapper runs belongs to the wrapper's run.
      def of_process
        run_id = ENV["MIDWATCH_RUN_ID"].to_s
        return if run_id.empty?

        trace_id = ENV["MIDWATCH_TRACE_ID"].to_s
        new(trace_id: trace_id.empty? ? run_id : trace_id, actor: "cron: #{ENV["MIDWATCH_JOB"]}").tap do |context|
          context.run_id = run_id
          context.job = ENV["MIDWATCH_JOB"]
          context.asker = context.actor
        end
      end
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
    # `given` answers the structure that the code was handed: arguments, parameters.
    def initialize(trace_id: nil, actor: nil, given: nil)
      @trace_id = trace_id
      @actor = actor
      @given = given
    end

    # The text without the secrets that this code was given: what it says of them, in an error or a
    # line, has no name beside it any more by which it could be known.
    def hide(text)
      @hidden = pattern_of_secrets if @hidden.nil?
      @hidden ? text.gsub(@hidden, MARK) : text
    end

    def self.hide(text)
      (Midwatch.safely { current&.hide(text) }) || text
    end

    def trace_id
      @trace_id.respond_to?(:call) ? @trace_id.call : @trace_id
    end

    def actor
      @actor.respond_to?(:call) ? @actor.call : @actor
    end

    def asker
      @asker || job || actor
    end

    private

    # Asked again while nothing is given yet: a payload is loaded only when the job begins.
    def pattern_of_secrets
      given = @given&.call
      return nil if given.nil?

      digest, hide = Midwatch.recorder.rule_of(job)
      secrets = collect(given, digest, [], hide, true).uniq.sort_by { |secret| -secret.bytesize }
      secrets.empty? ? false : Regexp.union(secrets)
    end

    def collect(value, secret, found, hide, outermost)
      return found if found.size >= SECRETS_MAX

      case value
      when Hash, Array then collect_inside(value, secret, found, hide, outermost)
      when String, Integer
        text = value.to_s
        found << JsonLine.utf8(text) if secret && SECRET_BYTES.cover?(text.bytesize)
      end
      found
    end

    # Names count everywhere, positions in the list of arguments alone.
    def collect_inside(value, secret, found, hide, outermost)
      hash = value.is_a?(Hash)
      wrapped = outermost && hash && value.any? { |name, _| Redact::WRAPPERS.include?(name.to_s) }
      value.each_with_index do |item, place|
        name, item = item if hash
        hidden = hide.include?(name.to_s) || (outermost && !wrapped && hide.include?(place))
        hidden ||= hash && Midwatch.redact.sensitive?(name)
        collect(item, secret || hidden, found, hide, wrapped && %w[args arguments].include?(name.to_s))
      end
    end
  end
end
