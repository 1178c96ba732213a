# frozen_string_literal: true

module Midwatch
  class Redact
    # Secrets that stand encoded: percent, \uXXXX, base64 and hexadecimal. Base64 and hexadecimal are
    # tried only where the encoded form of a telling word occurs, since identifiers look alike.
    class Decode
      PERCENT_RUN = %r{[0-9A-Za-z._~+*!:@/$%-]{0,4096}%[0-9A-Fa-f]{2}[0-9A-Za-z._~+*!:@/$%-]{0,8192}}n.freeze
      ESCAPES = /(\\+)u00([2-7][0-9A-Fa-f])/n.freeze
      BASE64 = "0-9A-Za-z+/_-"
      HEX = "0-9A-Fa-f"
      RUN_MAX = 65_536

      def self.base64(run)
        run[/\A[^=]*/n].tr("-_", "+/").unpack1("m")
      end

      # \u0070 written as p, which means the same in every string that knows the escape; a quote
      # keeps its backslashes.
      def self.unescape(text)
        return text unless text.include?("\\u00")

        text.gsub(ESCAPES) do |all|
          backslashes = Regexp.last_match(1)
          code = Regexp.last_match(2).to_i(16)
          next all if code == 92 || code == 127 || backslashes.bytesize.even?

          kept = backslashes[1..]
          code == 34 ? "#{kept}\\\"" : "#{kept}#{code.chr}"
        end
      end

      attr_reader :base64_forms, :hex_forms

      def initialize(words)
        @base64_forms = words.flat_map { |word| [0, 1, 2].map { |offset| aligned(word, offset) } }
        @hex_forms = words.map { |word| word.unpack1("H*") }
        @base64_any = Regexp.new(Text.tree(@base64_forms), Regexp::NOENCODING)
        @hex_any = Regexp.new(Text.tree(@hex_forms), Regexp::NOENCODING)
        @base64_byte = byte_table(BASE64)
        @hex_byte = byte_table(HEX)
      end

      # Calls +inner+ with each decoded run; yields start, end and rule where it says yes.
      def each(text, inner, &block)
        percent(text, inner, &block) if text.include?("%")
        if @base64_any.match?(text)
          @base64_forms.each do |form|
            around(text, text, form, @base64_byte, "base64", inner, &block) if text.include?(form)
          end
        end
        lower = text.downcase
        return unless @hex_any.match?(lower)

        @hex_forms.each { |form| around(text, lower, form, @hex_byte, "hex", inner, &block) if lower.include?(form) }
      end

      private

      # The characters of base64 that a word alone decides, when +offset+ bytes stand before it.
      def aligned(word, offset)
        text = ["\0" * offset + word].pack("m0")
        text[(offset * 8 / 6.0).ceil...((offset + word.bytesize) * 8 / 6)]
      end

      def byte_table(set)
        Array.new(256) { |code| code < 128 && code.chr.count(set) == 1 }.freeze
      end

      def percent(text, inner)
        from = 0
        while (match = from <= text.bytesize ? PERCENT_RUN.match(text, from) : nil)
          run = match[0]
          yield match.begin(0), match.end(0), "percent" if percent_secret?(run, inner)
          from = match.end(0)
        end
      end

      # In a form a plus sign is a blank, elsewhere it is itself.
      def percent_secret?(run, inner)
        inner.call(unpercent(run)) || (run.include?("+") && inner.call(unpercent(run.tr("+", " "))))
      end

      def unpercent(run)
        run.gsub(/%([0-9A-Fa-f]{2})/n) { Regexp.last_match(1).to_i(16).chr }
      end

      def around(text, haystack, form, belongs, rule, inner)
        hit = haystack.index(form)
        while hit
          start = hit
          start -= 1 while start.positive? && hit - start < RUN_MAX && belongs[text.getbyte(start - 1)]
          finish = hit + form.bytesize
          finish += 1 while finish < text.bytesize && finish - start < RUN_MAX && belongs[text.getbyte(finish)]
          if finish - start >= 16 && inner.call(decode(text[start...finish], rule))
            finish += 1 while rule == "base64" && text.getbyte(finish) == 61
            yield start, finish, rule
          end
          hit = haystack.index(form, finish)
        end
      end

      def decode(run, rule)
        rule == "hex" ? [run[(run.bytesize % 2)..]].pack("H*") : Decode.base64(run)
      end
    end
  end
end
