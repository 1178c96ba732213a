# frozen_string_literal: true

module Midwatch
  class Redact
    # Quotes and brackets in text that may itself be quoted: inside a JSON string a quote is \",
    # one level deeper \\\". A value whose quote never closes ends with the text, because runtimes
    # cut what they print.
    module Quote
      Quoted = Struct.new(:quote, :start, :end, :closed, :after)

      LEVELS = { 0 => 0, 1 => 1, 3 => 2, 7 => 3 }.freeze
      QUOTES = { 34 => true, 39 => true, 96 => true }.freeze
      CLOSERS = { 123 => 125, 91 => 93, 40 => 41, 60 => 62 }.freeze
      LETTER_OR_DIGIT = /[0-9A-Za-z]/n.freeze

      module_function

      def backslashes_before(text, at)
        count = 0
        count += 1 while count < 64 && at - 1 - count >= 0 && text.getbyte(at - 1 - count) == 92
        count
      end

      def quote?(code)
        QUOTES.key?(code)
      end

      # The quoted string that opens at +at+, backslashes included, if one does.
      def read(text, at)
        open = at
        open += 1 while open - at <= 7 && text.getbyte(open) == 92
        code = text.getbyte(open)
        level = LEVELS[open - at]
        return nil unless quote?(code) && level

        character = code.chr
        quote = text[at, open + 1 - at]
        start = open + 1
        from = start
        while (found_at = text.index(character, from))
          backslashes = [backslashes_before(text, found_at), found_at - start].min
          found = backslashes
          outer = false
          level.times do
            outer = true if backslashes.even?
            break if outer

            backslashes = (backslashes - 1) / 2
          end
          # A quote of the text around: ours was cut before it closed.
          return Quoted.new(quote, start, found_at - found, false, found_at - found) if outer

          if backslashes.odd?
            from = found_at + 1
          elsif level.zero? && found_at > start && text.getbyte(found_at + 1) == code && code != 96
            # SQL and YAML double a quote that is meant.
            from = found_at + 2
          else
            return Quoted.new(quote, start, found_at - (level.zero? ? 0 : (1 << level) - 1), true, found_at + 1)
          end
        end
        Quoted.new(quote, start, text.bytesize, false, text.bytesize)
      end

      # Behind the bracket that closes the one at +at+, or the end of the text.
      def bracket_end(text, at)
        stack = []
        position = at
        size = text.bytesize
        while position < size
          code = text.getbyte(position)
          before = position.zero? ? nil : text.getbyte(position - 1)
          closer = CLOSERS[code]
          if closer && (code != 60 || position == at || before == 35)
            return size if stack.length >= 64

            stack.push(closer)
          elsif code == stack.last && !(code == 62 && before == 61)
            stack.pop
            return position + 1 if stack.empty?
          elsif code == 34 || code == 39 || code == 92
            quoted = starts_string?(text, position) ? read(text, position) : nil
            if quoted
              position = quoted.after
              next
            end
          end
          position += 1
        end
        size
      end

      # An apostrophe inside a word opens nothing.
      def starts_string?(text, at)
        text.getbyte(at) != 39 || at.zero? || !LETTER_OR_DIGIT.match?(text[at - 1])
      end

      # Behind at most +max+ blanks, line ends among them if +lines+.
      def skip_blanks(text, from, max, lines)
        at = from
        while at - from < max
          code = text.getbyte(at)
          break unless code == 32 || code == 9 || (lines && (code == 10 || code == 13))

          at += 1
        end
        at
      end
    end
  end
end
