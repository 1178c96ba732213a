# frozen_string_literal: true

require "digest"

module Midwatch
  # An exception as fields of an event: class, message, stack and a fingerprint that is the same
  # for the same failure. Everything that may hold a secret is redacted.
  module Failure
    MESSAGE_BYTES_MAX = 8_000
    STACK_BYTES_MAX = 32_000
    STACK_LINES_MAX = 100
    NUMBERS = /0x\h+|\h{8}-\h{4}-\h{4}-\h{4}-\h{12}|\d+/.freeze
    LIBRARIES = %r{/gems/|/rubygems-integration/|/usr/lib/ruby|/usr/share/ruby|/vendor/bundle/|<internal:}.freeze

    module_function

    def fields(error)
      message = message_of(error)
      stack = (error.backtrace || []).first(STACK_LINES_MAX)
      {
        "error_class" => error.class.name.to_s,
        "error_message" => message,
        "error_stack" => Midwatch.redact.text(JsonLine.utf8(stack.join("\n"))).byteslice(0, STACK_BYTES_MAX).scrub(""),
        "fingerprint" => fingerprint(error.class.name, message, stack),
      }
    end

    # Delayed::Job puts the whole handler, arguments and all, behind the message of this one.
    def message_of(error)
      text = JsonLine.utf8(error.message.to_s)
      text = text.split(/\.? ?Handler: /, 2).first.to_s if error.class.name == "Delayed::DeserializationError"
      Midwatch.redact.text(text.byteslice(0, MESSAGE_BYTES_MAX).scrub(""))
    end

    def fingerprint(name, message, stack)
      frame = stack.find { |line| !line.match?(LIBRARIES) } || stack.first
      place = frame.to_s.sub(/:\d+:in /, " ")
      Digest::SHA256.hexdigest([name, place, message.gsub(NUMBERS, "#")[0, 200]].join("\0"))[0, 16]
    end
  end
end
