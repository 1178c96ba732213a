# frozen_string_literal: true

module Midwatch
  class Redact
    # What a pattern alone cannot tell: check digits, country lengths, whether a token decodes. Each
    # takes the text and what matched, and answers the span that goes (and how far an address in a
    # URL is claimed), or nil.
    class Checks
      PEM_BODY = /\A(?:[0-9A-Za-z+\/= \t\r\n:,.-]|\\{1,8}[nrt])*/n.freeze
      BRANDS = [
        /\A4(?:[0-9]{15}|[0-9]{18})\z/n,
        /\A(?:5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12})\z/n,
        /\A3[47][0-9]{13}\z/n,
        /\A6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}\z/n,
        /\A62[0-9]{14,17}\z/n,
        /\A35(?:2[89]|[3-8][0-9])[0-9]{12}\z/n,
        /\A3(?:0[0-5]|[689][0-9])[0-9]{11}\z/n
      ].freeze

      def initialize(rules)
        @iban_lengths = rules["ibanLengths"]
        @locals = rules["emailLocals"]
        @tops = rules["emailTops"]
      end

      def range(check, text, start, finish, keywords)
        return [start, finish] if check.nil?
        return pem(text, start, finish) if check == "pem"
        return jwt(text, start, finish) if check == "jwt"
        return userinfo(text, start, finish) if check == "userinfo"
        return iban(text, start, finish) if check == "iban"
        return argument_of?(text, start, keywords) ? [start, finish] : nil if check == "command"

        holds?(check, text[start...finish], text, start) ? [start, finish] : nil
      end

      # A credential rather than a word: digits or capitals inside, or long.
      def self.opaque?(content)
        content.bytesize >= 24 || content.count("0-9").positive? || /[a-z][A-Z]|[A-Z]{2}[a-z]/n.match?(content)
      end

      private

      def holds?(check, content, text, start)
        case check
        when "mixed" then mixed?(content)
        when "opaque" then Checks.opaque?(content)
        when "basic" then basic?(content)
        when "email" then personal?(content)
        when "card" then card?(content.delete(" -"))
        when "ssn" then !/\A(?:000|666)|-00-|-0000\z/n.match?(content)
        when "phone" then phone?(content, text, start)
        when "ipv4" then content.split(".").all? { |part| part.to_i <= 255 }
        end
      end

      # The flag belongs to one of the commands that the rule names, not to the one behind a pipe.
      def argument_of?(text, start, keywords)
        before = text[[0, start - 300].max...start].split(/[|;&\n]/n, -1).last || ""
        keywords.any? { |word| before.include?(word) }
      end

      def mixed?(content)
        content.count("0-9").positive? && content.count("A-Za-z").positive? &&
          /[A-Z0-9].*[0-9A-Z]/n.match?(content[3..] || "")
      end

      # A header that decodes, and all that hangs on it by full stops (RFC 7519).
      def jwt(text, start, finish)
        return nil unless text.getbyte(finish) == 46

        header = Decode.base64(text[start...finish])
        return nil unless header.start_with?('{"') && /"(?:alg|enc|typ|kid|cty)"/n.match?(header)

        [start, finish + text[finish, 32_768][/\A[0-9A-Za-z_.=-]{1,32768}/n].sub(/[.-]+\z/n, "").bytesize]
      end

      def pem(text, start, finish)
        body = (text[finish, 16_384] || "")[PEM_BODY]
        close = /-----END [A-Z0-9 ]{0,40}-----/n.match(body)
        [start, finish + (close ? close.end(0) : body.bytesize)]
      end

      def userinfo(text, start, finish)
        from = start + 3
        at = finish - 1
        colon = text.index(":", from)
        host = (text[finish, 255] || "")[/\A[^ \t\r\n"'<>`\\,;)]{0,255}/n].bytesize
        claim = finish + host
        return [colon + 1, at, claim] if colon && colon < at

        user = text[from...at]
        return [from, at, claim] if user.bytesize >= 16 && user.count("0-9").positive? && user.count("A-Za-z").positive?

        [from, from, claim]
      end

      def basic?(content)
        return false if content.bytesize < 8

        /\A[\x20-\x7e\x80-\xff]{0,200}:[\x20-\x7e\x80-\xff]{0,400}\z/n.match?(Decode.base64(content))
      end

      def personal?(address)
        at = address.index("@")
        top = address[(address.rindex(".") + 1)..].downcase
        !@locals.include?(address[0...at].downcase) && !@tops.include?(top) &&
          !/\A[0-9]+\.[0-9]/n.match?(address[(at + 1)..])
      end

      # ISO 13616: the country's length, and 1 modulo 97 with the first four characters moved behind.
      def iban(text, start, finish)
        length = @iban_lengths[text[start, 2]]
        return nil unless length

        compact = +""
        at = start
        while at < finish && compact.bytesize < length
          compact << text[at] unless text.getbyte(at) == 32
          at += 1
        end
        return nil if compact.bytesize != length || (at < text.bytesize && /[0-9A-Za-z]/n.match?(text[at]))

        digits = (compact[4..] + compact[0, 4]).gsub(/[A-Z]/n) { |letter| (letter.ord - 55).to_s }
        digits.to_i % 97 == 1 ? [start, at] : nil
      end

      # A number that a card brand gives out, with the right check digit (ISO/IEC 7812-1).
      def card?(digits)
        return false unless BRANDS.any? { |brand| brand.match?(digits) }

        sum = 0
        digits.bytes.reverse.each_with_index do |code, index|
          digit = code - 48
          digit = digit > 4 ? digit * 2 - 9 : digit * 2 if index.odd?
          sum += digit
        end
        (sum % 10).zero?
      end

      # Eight to fifteen digits, and no offset of a time zone before an address.
      def phone?(content, text, start)
        content.count("0-9").between?(8, 15) && !/[0-9]:[0-9]{2} ?\z/n.match?(text[[0, start - 5].max...start])
      end
    end
  end
end
