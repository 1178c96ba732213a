# frozen_string_literal: true

module Midwatch
  # An event as one line of JSON. Written by hand because it is done for every event: with
  # ActiveSupport loaded, JSON.generate costs four times as much for a flat record, and it raises
  # at a number that is none and at bytes that are no text.
  module JsonLine
    ODD = /["\\\u0000-\u001f]/.freeze
    ESCAPES = {
      "\"" => "\\\"", "\\" => "\\\\", "\n" => "\\n", "\r" => "\\r", "\t" => "\\t",
    }.freeze

    # Fields have few names: each is written out once.
    NAMED = Hash.new { |known, name| known[name] = "\"#{name}\":" }

    module_function

    # `fields` maps names (which need no escapes) to strings, numbers and true or false; nil and
    # empty strings are left out. `attributes` is any plain structure.
    def generate(fields, attributes = nil)
      line = +"{"
      fields.each { |name, value| field(line, name, value) }
      if attributes && !attributes.empty?
        line << "\"attributes\":"
        append(line, attributes) << "}"
      else
        line[-1] = "}"
        line
      end
    end

    # One field and a comma.
    def field(line, name, value)
      case value
      when String then line << NAMED[name] << "\"" << text(value) << "\"," unless value.empty?
      when Integer, true, false then line << NAMED[name] << value.to_s << ","
      when Float then line << NAMED[name] << value.round(3).to_s << "," if value.finite?
      end
    end

    # Hashes, arrays and what stands in them; anything else as its text.
    def append(line, value)
      case value
      when String, Symbol then line << "\"" << text(value.to_s) << "\""
      when Integer, true, false then line << value.to_s
      when nil then line << "null"
      when Float then line << (value.finite? ? value.to_s : "\"#{value}\"")
      when Hash
        line << "{"
        separator = "\""
        value.each do |key, item|
          line << separator << text(key.to_s) << "\":"
          separator = ",\""
          append(line, item)
        end
        line << "}"
      when Array
        line << "["
        value.each_with_index do |item, index|
          line << "," unless index.zero?
          append(line, item)
        end
        line << "]"
      else line << "\"" << text(value.class.name.to_s) << "\""
      end
    end

    def text(string)
      # Nearly all are: asked first, since this is done for every field of every event.
      return string if string.ascii_only? && !ODD.match?(string)

      string = utf8(string)
      string.match?(ODD) ? string.gsub(ODD) { |character| escape(character) } : string
    end

    def escape(character)
      ESCAPES.fetch(character) { format("\\u%04x", character.ord) }
    end

    # Text of any encoding as valid UTF-8.
    def utf8(string)
      return string if string.encoding == Encoding::UTF_8 && string.valid_encoding?
      return string.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) if transcodes?(string)

      string.dup.force_encoding(Encoding::UTF_8).scrub("\uFFFD")
    end

    def transcodes?(string)
      ![Encoding::BINARY, Encoding::UTF_8, Encoding::US_ASCII].include?(string.encoding)
    end
  end
end
