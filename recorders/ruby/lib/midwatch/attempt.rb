# frozen_string_literal: true

module Midwatch
  # What every attempt has in common, whoever works it off: what it used, and the endings that
  # ActiveJob gives it without a word to whoever called.
  module Attempt
    # Fields by which an attempt is known; the others are of one of its events.
    OF_ALL = %w[time runtime job run_id attempt trace_id actor queue priority worker].freeze

    CLOCKS = [Process::CLOCK_MONOTONIC, Process::CLOCK_THREAD_CPUTIME_ID, Process::CLOCK_REALTIME].freeze

    module_function

    def clocks
      CLOCKS.map { |clock| Process.clock_gettime(clock) }
    end

    # Since the clocks were read. Where the time of day was set back meanwhile, the end comes when it
    # would have come: an end before its start would be no end.
    def measures(before)
      seconds, cpu_seconds, day_seconds = clocks.zip(before).map { |now, begun| now - begun }
      time = day_seconds.negative? ? Midwatch.recorder.time_text(Time.at(before[2] + seconds)) : nil
      # Reading it takes longer than many a job does.
      peak = seconds > 0.05 ? peak_rss_bytes : nil
      { "time" => time, "duration_ms" => seconds * 1000, "cpu_ms" => cpu_seconds * 1000, "max_rss_bytes" => peak }
    end

    def peak_rss_bytes
      File.foreach("/proc/self/status") { |line| return line[/\d+/].to_i * 1024 if line.start_with?("VmHWM:") }
      nil
    rescue SystemCallError
      nil
    end

    # `retry_on` asked for the same run anew; `discard_on` gave up. Whoever called takes both for a
    # success.
    def ended_by_active_job(context, fields)
      again = context.active_job_end == :retried
      fields["outcome"] = again ? "retrying" : "discarded"
      fields["severity"] = "warn"
      # The next attempt may have begun elsewhere before this one was left.
      fields["time"] ||= context.active_job_time && Midwatch.recorder.time_text(context.active_job_time)
      if context.active_job_error
        fields.merge!(Failure.fields(context.active_job_error))
        Midwatch.recorder.record("job.failed", fields)
      end
      return retried(fields, context.next_time) if again

      Midwatch.recorder.record("job.discarded", fields.slice(*OF_ALL).merge("outcome" => "discarded"))
    end

    def retried(fields, next_time)
      due = next_time ? Midwatch.recorder.time_text(next_time) : Midwatch.recorder.time_text
      Midwatch.recorder.record("job.retried", fields.slice(*OF_ALL), { "next_time" => due })
    end
  end
end
