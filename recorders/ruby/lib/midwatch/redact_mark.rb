# frozen_string_literal: true

require "openssl"

module Midwatch
  class Redact
    # The marks that redaction leaves: [REDACTED:class:fingerprint], [email:v1:token], [card:1111].
    # Without a key they name the class and cannot be linked to anything.
    class Mark
      ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"

      # Marks of the given classes, as the source of a pattern. Nothing else may pass for one.
      def self.pattern(classes)
        names = classes.sort_by.with_index { |name, index| [-name.length, index] }.join("|")
        "\\[(?:REDACTED:(?:#{names})(?::[0-9a-f]{8})?|(?:#{names}):v[0-9]{1,6}:[a-z2-7]{19}|" \
          "card:[0-9]{4}|email:[0-9A-Za-z.-]{1,40}|ip:[0-9.]{7,15}/24)\\]"
      end

      def initialize(classes, key)
        @classes = classes
        @key = key
        # A secret that the server gave out begins with the version of its keys.
        @version = key.to_s[/\Av([0-9]{1,6})\./n, 1] || "1"
        @derived = {}
      end

      def verdict(class_name)
        entry = @classes[class_name]
        entry ? entry["verdict"] : "drop"
      end

      def for(class_name, value)
        kind = verdict(class_name)
        if kind == "mask"
          masked = mask(class_name, value)
          return masked if masked
        end
        return "[REDACTED:#{class_name}]" unless @key
        return "[#{class_name}:v#{@version}:#{token(class_name, value)}]" if kind == "token"

        "[REDACTED:#{class_name}:#{hmac("secret", value).unpack1("H8")}]"
      end

      # Version and 128 bits in hexadecimal; nil without a key.
      def digest(bytes)
        @key && "v#{@version}:#{hmac("digest", bytes).unpack1("H32")}"
      end

      private

      def token(class_name, value)
        base32(hmac(class_name, normalise(class_name, value)))[0, 19]
      end

      def hmac(name, bytes)
        key = @derived[name] ||= OpenSSL::HMAC.digest("SHA256", @key, "midwatch redaction #{name}")
        OpenSSL::HMAC.digest("SHA256", key, bytes)
      end

      def base32(bytes)
        bytes.unpack1("B100").scan(/.{5}/).map { |bits| ALPHABET[bits.to_i(2)] }.join
      end

      def mask(class_name, value)
        case class_name
        when "card"
          digits = value.delete("^0-9")
          "[card:#{digits[-4..]}]" if digits.bytesize.between?(12, 19)
        when "email"
          domain = value[((value.rindex("@") || -1) + 1)..]
          "[email:#{domain}]" if /\A[0-9A-Za-z.-]{1,40}\z/n.match?(domain)
        when "ip"
          network = value[/\A([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3}\z/n, 1]
          "[ip:#{network}.0/24]" if network
        end
      end

      # One spelling for one person or account, so that its tokens agree.
      def normalise(class_name, value)
        case class_name
        when "email" then value.downcase
        when "phone" then value.delete("^0-9").sub(/\A00/n, "")
        when "custom", "ip" then value
        else value.delete("^0-9A-Za-z").upcase
        end
      end
    end
  end
end
