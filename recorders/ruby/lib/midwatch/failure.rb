# frozen_string_literal: true

require "digest"

module Midwatch
  # An exception as fields of an event: class, message, stack and a fingerprint that is the same
  # for the same failure. Everything that may hold a secret is redacted.
  module Failure
    LOOKED_AT_BYTES_MAX = 64_000
    MESSAGE_BYTES_MAX = 8_000
    STACK_BYTES_MAX = 32_000
    STACK_LINES_MAX = 100
    CAUSES_MAX = 4
    # What differs from one failure to the next of the same kind: addresses, ids, counts, and the
    # folders of a release in paths.
    VARYING = /0x\h+|\h{8}-\h{4}-\h{4}-\h{4}-\h{12}|\b\h{12,64}\b|\d+/.freeze
    LIBRARIES = %r{/gems/|/rubygems-integration/|/usr/lib/ruby|/usr/share/ruby|/vendor/bundle/|<internal:}.freeze

    module_function

    def fields(error)
      message = message_of(error)
      stack = stack_of(error)
      {
        "error_class" => error.class.name.to_s,
        "error_message" => message,
        "error_stack" => cut(Midwatch.redact.text(Context.hide(JsonLine.utf8((stack + causes_of(error)).join("\n")))), STACK_BYTES_MAX),
        "fingerprint" => fingerprint(error.class.name, message, stack)
      }
    end

    # Down to where the worker called the job: from there on every stack is the same.
    def stack_of(error)
      stack = (error.backtrace || []).first(STACK_LINES_MAX)
      own = stack.take_while { |line| !line.include?("/delayed/backend/base.rb:") }
      own.empty? ? stack : own
    end

    # What lies behind an error that the application raised anew.
    def causes_of(error)
      causes = []
      while (error = error.cause) && causes.size < CAUSES_MAX
        causes << "Caused by #{error.class.name}: #{message_of(error)}" << error.backtrace&.first
      end
      causes.compact
    end

    # Delayed::Job puts the whole handler, arguments and all, behind the message of this one.
    def message_of(error)
      # The application may have written this method, and it may fail too.
      text = JsonLine.utf8((Midwatch.safely { error.message } || "").to_s)
      text = text.split(/\.? ?Handler: /, 2).first.to_s if error.class.name == "Delayed::DeserializationError"
      cut(Midwatch.redact.text(Context.hide(text.byteslice(0, LOOKED_AT_BYTES_MAX).scrub(""))), MESSAGE_BYTES_MAX)
    end

    def cut(text, bytes_max)
      text.bytesize > bytes_max ? text.byteslice(0, bytes_max).scrub("") : text
    end

    def fingerprint(name, message, stack)
      frame = stack.find { |line| !line.match?(LIBRARIES) } || stack.first
      place = frame.to_s.sub(/:\d+:in /, " ").sub(%r{\A.*?/(?=app/|lib/|config/|test/|spec/)}, "")
      Digest::SHA256.hexdigest([name, place, message[0, 400]].join("\0").gsub(VARYING, "#"))[0, 16]
    end
  end
end
