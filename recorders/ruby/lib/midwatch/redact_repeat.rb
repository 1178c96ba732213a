# frozen_string_literal: true

module Midwatch
  class Redact
    # Where a secret that was known by its key stands once more, without it: the arguments that
    # Django lists behind a statement, the exception that quotes what it was given.
    module Repeats
      VALUES_MAX = 16
      # Long enough to be no word of the text by chance, and without blanks.
      WHOLE = /\A[^ \t\r\n]{8,512}\z/n.freeze
      # No part of a longer word; the n of a written-out newline is no letter before it.
      BEFORE = /\\[nrt]\z|(?<![0-9A-Za-z_\\])\z/n.freeze

      # +found+ are spans in order, without overlap; what is answered may overlap them.
      def self.of(text, found, mark)
        spans = []
        seen = {}
        found.each do |span|
          next unless span.rule.start_with?("key:") && mark.verdict(span.class_name) == "drop"

          value = text[span.start...span.end]
          next if seen.key?(value) || !WHOLE.match?(value) || !value.match?(/[A-Za-z]/n) || !Checks.opaque?(value)
          break if seen.size == VALUES_MAX

          seen[value] = true
          each_place(text, value) do |start, finish|
            next if start == span.start

            spans << Text::Span.new(start, finish, span.class_name, span.rule, "", 0)
          end
        end
        spans
      end

      def self.each_place(text, value)
        start = text.index(value)
        while start
          finish = start + value.bytesize
          alone = !/[0-9A-Za-z_]/n.match?(text[finish] || "") && BEFORE.match?(text[[0, start - 2].max...start])
          yield start, finish if alone
          start = text.index(value, finish)
        end
      end
      private_class_method :each_place
    end
  end
end
