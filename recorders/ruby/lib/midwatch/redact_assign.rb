# frozen_string_literal: true

require_relative "redact_quote"
require_relative "redact_value"

module Midwatch
  class Redact
    # Finds values by the key before them, in whatever container they stand: JSON at any depth of
    # quoting, logfmt, inspect, repr, YAML, headers, forms, command lines. Reading starts only where
    # a sensitive word stands, so an ordinary text costs nothing.
    class Assignments
      WORDS_MAX = 3
      KEY_BYTES_MAX = 256
      KEY_BYTE = Array.new(256) do |code|
        code >= 128 || (48..57).cover?(code) || (65..90).cover?(code) || (97..122).cover?(code) || [45, 46, 95].include?(code)
      end.freeze
      NAME_BEFORE = /["':](?:name|key|field|param|parameter|header|variable|Name|Key|attribute)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}\z/n.freeze
      # The same in YAML, where name and value stand on lines of their own.
      NAME_OF_LINE = /(?:\A|[ \n]|\\n)(?:name|key): {1,8}\z/n.freeze
      VALUE_OF_LINE = /\A {0,8}(?:\r?\n|\\r?\\n|\\n) {0,64}(?:value|val|content|data): {1,8}/n.freeze
      # The columns of a statement, of which the values come behind.
      COLUMNS_OPEN = /into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}\([ \t\r\n]{0,8}\z/in.freeze
      DUPLICATE = /\A"?\)=\(/n.freeze
      VALUE_AFTER = /\A[ \t\r\n]{0,8},[ \t\r\n]{0,8}\\*["':]{1,2}(?:value|val|content|data|Value|raw)\\*["']?[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}/n.freeze

      def initialize(hints, keys, values)
        @hints = hints
        @keys = keys
        @values = values
      end

      # Yields start, end, class, rule and quote of each value that goes; +lower+ is the text in lower case.
      def each(text, lower, marks)
        from = 0
        while from <= text.bytesize && (hit = lower.index(@hints, from))
          mark = marks.find { |first, last| first <= hit && hit < last }
          if mark
            from = mark[1]
            next
          end
          found, rule = assignment_at(text, hit)
          if found
            yield found.start, found.end, rule.class_name, "key:#{rule.id}", found.quote if found.end > found.start
            from = [found.after, hit + 1].max
          else
            from = [run_end(text, hit), hit + 1].max
          end
        end
      end

      private

      def assignment_at(text, hit)
        start = run_start(text, hit)
        behind = run_end(text, hit)
        (1..WORDS_MAX).each do |words|
          key = key_span(text, start, behind)
          found = value_of(text, key, words)
          return found if found
          # "password policy attempt=3": what the first words are of is not secret.
          return nil if @keys.ends_harmless?(text[key.start...key.end])
          following = text.getbyte(behind + 1)
          # Behind a blank and a dash an option of a command begins.
          return nil unless text.getbyte(behind) == 32 && following != 45 && key_byte?(following)

          behind = run_end(text, behind + 1)
        end
        nil
      end

      def value_of(text, key, words)
        kind, at = separator_after(text, key)
        return nil if kind.nil? && words > 1

        rule = @keys.verdict(text[key.start...key.end])
        return nil unless rule && @keys.verdict(with_word_before(text, key))

        found = if kind
                  @values.read(text, key, rule, kind, at)
                else
                  pair(text, key, rule) || named_value(text, key, rule) || duplicate(text, key, rule)
                end
        found && [found, rule]
      end

      # The key with the word before it, which can make it harmless: "unexpected token", "cache key".
      def with_word_before(text, key)
        lone = !key.quote.empty? || key.start < 2 || text.getbyte(key.start - 1) != 32 || !KEY_BYTE[text.getbyte(key.start - 2)]
        text[(lone ? key.start : run_start(text, key.start - 2))...key.end]
      end

      def key_span(text, run_start, run_end)
        start = run_start
        behind = run_end
        start += 1 while start < behind && dash_or_dot?(text.getbyte(start))
        behind -= 1 while behind > start && dash_or_dot?(text.getbyte(behind - 1))
        if start == run_start && start.positive? && Quote.quote?(text.getbyte(start - 1))
          quote = text[(start - 1 - Quote.backslashes_before(text, start - 1))...start]
          return Values::Key.new(start, behind, quote, behind + quote.bytesize) if text[behind, quote.bytesize] == quote
        end
        Values::Key.new(start, behind, "", behind)
      end

      def dash_or_dot?(code)
        code == 45 || code == 46
      end

      # What ties a key to its value, and where the value begins.
      def separator_after(text, key)
        at = key.after
        if text.getbyte(at) == 93
          at += 1
        elsif text.getbyte(at) == 37 && /\A%5[Dd]/n.match?(text[at, 3])
          at += 3
        end
        bare = at
        at = Quote.skip_blanks(text, at, 8, false)
        two = text[at, 2] || ""
        quoted = !key.quote.empty?
        return ["=>", Quote.skip_blanks(text, at + 2, 64, quoted)] if two == "=>"
        return ["=", Quote.skip_blanks(text, at + 2, 8, false)] if two == ":="
        return nil if two == "::" || ((two == "==" || two == "=~") && /\A[ \/]?\z/n.match?(text[at + 2, 1] || ""))
        return ["=", at + 2] if two == "=="
        return ["=", Quote.skip_blanks(text, at + 1, 8, false)] if two.start_with?("=")
        if two.start_with?(":") && text[at + 1, 2] != "//"
          return [":", Quote.skip_blanks(text, at + 1, 64, quoted)]
        end
        if two.start_with?(">") && at == bare && key.start.positive? && text.getbyte(key.start - 1) == 60
          return ["xml", at + 1]
        end
        return nil if at == bare || quoted
        return ["flag", at] if key.start >= 2 && text[key.start - 2, 2] == "--"

        code = two.getbyte(0)
        code == 34 || code == 39 ? ["quoted", at] : nil
      end

      # The second of two elements of a list or tuple of which the first is a sensitive key.
      def pair(text, key, rule)
        return option(text, key, rule) if key.quote.empty? && key.start.positive? && text.getbyte(key.start - 1) == 45
        return nil if key.quote.empty? && !(key.start.positive? && text.getbyte(key.start - 1) == 58)

        open = key.start - [1, key.quote.bytesize].max
        return nil unless /[\[(][ \t\r\n]*\z/n.match?(text[[0, open - 8].max...open])
        return nil if COLUMNS_OPEN.match?(text[[0, open - 180].max...open])

        comma = Quote.skip_blanks(text, key.after, 8, true)
        return nil unless text.getbyte(comma) == 44

        @values.read(text, key, rule, "=>", Quote.skip_blanks(text, comma + 1, 64, true))
      end

      # An option among the words of a command: ["psql", "--password", "x"].
      def option(text, key, rule)
        quote_at = key.start - 3
        return nil if quote_at.negative? || text[key.start - 2, 2] != "--" || !Quote.quote?(text.getbyte(quote_at))

        quote = text[quote_at - Quote.backslashes_before(text, quote_at)...key.start - 2]
        return nil unless text[key.end, quote.bytesize] == quote

        comma = Quote.skip_blanks(text, key.end + quote.bytesize, 8, true)
        return nil unless text.getbyte(comma) == 44

        @values.read(text, key, rule, "=>", Quote.skip_blanks(text, comma + 1, 64, true))
      end

      # The value of an entry that names its key as a value.
      def named_value(text, key, rule)
        open = key.start - key.quote.bytesize
        before = text[[0, open - 48].max...open]
        after = text[key.after, 96] || ""
        match = VALUE_AFTER.match(after) if !key.quote.empty? && NAME_BEFORE.match?(before)
        match ||= VALUE_OF_LINE.match(after) if NAME_OF_LINE.match?(before)
        match && @values.read(text, key, rule, "=>", key.after + match[0].bytesize)
      end

      # PostgreSQL on a duplicate: `Key (email, token)=(bob@example.com, x) already exists`. All values go.
      def duplicate(text, key, rule)
        match = DUPLICATE.match(text[key.end, 4] || "")
        return nil unless match && key.start.positive? && "( ,\"".include?(text[key.start - 1])

        start = key.end + match[0].bytesize
        close = text.index(") ", start)
        finish = start + text[start...(close || text.bytesize)].sub(/\)\.?\z/n, "").bytesize
        @values.duplicate(text, rule, start, finish)
      end

      def key_byte?(code)
        !code.nil? && KEY_BYTE[code]
      end

      def run_start(text, hit)
        start = hit
        start -= 1 while hit - start < KEY_BYTES_MAX && start.positive? && KEY_BYTE[text.getbyte(start - 1)]
        return start if start.zero?

        # %5Bpassword: the two digits belong to the percent sign; \npassword: the letter to the backslash.
        before = text.getbyte(start - 1)
        return [hit, start + 2].min if before == 37 && /\A[0-9A-Fa-f]{2}/n.match?(text[start, 2])
        return start + 1 if before == 92 && start < hit && "bfnrt".include?(text[start])

        start
      end

      def run_end(text, from)
        behind = from
        behind += 1 while behind - from < KEY_BYTES_MAX && key_byte?(text.getbyte(behind))
        behind
      end
    end
  end
end
