# frozen_string_literal: true

require "digest"

module Midwatch
  # What Delayed::Job's handler says without being loaded: loading it would run the application's
  # code, and fails for exactly the jobs one wants to know about.
  #
  # Ids travel in a YAML comment behind the document. It needs no change of schema, survives every
  # retry and the removal of this gem, and only ever holds letters that YAML cannot stumble over.
  module Handler
    TAG = /\n# midwatch1 ([A-Za-z0-9_-]{1,128}) ([A-Za-z0-9_-]{1,128})(?: ([A-Za-z0-9_-]{1,200}))?\s*\z/.freeze
    ACTOR_BYTES_MAX = 150
    # A column of 64 KB must still hold what it held before.
    TAGGED_BYTES_MAX = 60_000
    # Two blanks: deeper ones are the job's own arguments.
    ACTIVE_JOB_ID = /^  job_id: ['"]?([\h-]{36})/.freeze
    ACTIVE_JOB_CLASS = /^  job_class: ['"]?([A-Za-z0-9_:]+)/.freeze
    EXECUTIONS = /^  executions: (\d{1,9})$/.freeze
    MAILER = /^  arguments:\n\s+- ['"]?([A-Za-z0-9_:]+)['"]?\n\s+- ['"]?([A-Za-z0-9_?!]+)/.freeze
    MAILER_JOBS = /\AActionMailer::(Parameterized::)?(Mail)?DeliveryJob\z/.freeze
    RECEIVER = %r{^object: (?:&\d+ )?!ruby/(?:object|ActiveRecord|struct):([A-Za-z0-9_:]+)}.freeze
    CLASS_RECEIVER = %r{^object: (?:&\d+ )?!ruby/(?:class|module) ['"]?([A-Za-z0-9_:]+)}.freeze
    METHOD = /^method_name: :?['"]?([A-Za-z0-9_]+[?!=]?)/.freeze
    DOCUMENT = %r{\A--- (?:&\d+ )?!ruby/\w+:([A-Za-z0-9_:]+)}.freeze

    module_function

    def tag(handler, run_id, trace_id, actor = nil)
      return handler if handler.bytesize > TAGGED_BYTES_MAX

      handler = handler.sub(TAG, "") if handler.include?("\n# midwatch1 ")
      "#{handler.chomp}\n# midwatch1 #{safe(run_id)} #{safe(trace_id)}#{" #{packed(actor)}" if actor}\n"
    end

    # [run id, trace id, actor or nil], or nil where there is no tag.
    def ids(handler)
      match = TAG.match(handler)
      match && [match[1], match[2], match[3] && unpacked(match[3])]
    end

    # An actor may be any text; in the comment it has the letters of base64url.
    def packed(actor)
      [JsonLine.utf8(actor.to_s).byteslice(0, ACTOR_BYTES_MAX).scrub("")].pack("m0").tr("+/", "-_").delete("=")
    end

    def unpacked(text)
      text.tr("-_", "+/").unpack1("m").force_encoding(Encoding::UTF_8).scrub("?")
    end

    def safe(text)
      cut = text.to_s.gsub(/[^A-Za-z0-9_-]/, "-")[0, 128]
      cut.empty? ? "-" : cut
    end

    def active_job_id(handler)
      wrapped?(handler) ? handler[ACTIVE_JOB_ID, 1] : nil
    end

    # How often ActiveJob itself has run this job before: each of its retries is a new row.
    def executions(handler)
      wrapped?(handler) ? handler[EXECUTIONS, 1].to_i : 0
    end

    def wrapped?(handler)
      handler[DOCUMENT, 1].to_s.end_with?("JobWrapper")
    end

    # The class, `Class#method` of a delayed call or of a mailer, as people write it.
    def job_name(handler)
      document = handler[DOCUMENT, 1]
      return active_job_name(handler) if document.to_s.end_with?("JobWrapper")
      return document || "unknown" unless document.to_s.match?(/\ADelayed::Performable(Method|Mailer)\z/)

      method = handler[METHOD, 1]
      on_class = handler[CLASS_RECEIVER, 1]
      on_class ? "#{on_class}.#{method}" : "#{handler[RECEIVER, 1] || "unknown"}##{method}"
    end

    def active_job_name(handler)
      name = handler[ACTIVE_JOB_CLASS, 1] || "unknown"
      mailer = name.match?(MAILER_JOBS) && MAILER.match(handler)
      mailer ? "#{mailer[1]}##{mailer[2]}" : name
    end

    # For rows without a tag: an id that is the same at enqueue and at every attempt. Databases
    # hand out a number again after a roll-back, so the handler, which no retry changes, and the day
    # are part of it; not the second, which some databases round.
    def derived_id(job)
      text = [job.class.table_name, job.id, job.created_at&.to_date, job.handler].join("/")
      "dj-#{Digest::SHA256.hexdigest(text)[0, 24]}"
    end
  end
end
