# frozen_string_literal: true

require_relative "redact_rules"
require_relative "redact_text"
require_relative "redact_user"

module Midwatch
  # Removes secrets and personal data before anything is written, by the same rules as the server.
  # Never raises: what cannot be read is withheld.
  #
  #   redact = Midwatch::Redact.new(key: ENV["MIDWATCH_DIGEST_KEY"])
  #   redact.text("password=hunter2")            # => "password=[REDACTED:password:…]"
  #   redact.value({ card: "4111 1111 1111 1111" })  # => {"card"=>"[card:1111]"}
  class Redact
    WITHHELD = "[REDACTED:overrun]"
    TOO_DEEP = "[REDACTED:depth]"
    NAMED = /\A[0-9A-Za-z_.-]{1,60}(?: [0-9A-Za-z_.-]{1,60}){0,2}\z/n.freeze
    STRING_BYTES_MAX = 16_384
    NAMES_SIZE = 4096
    # What stands around the arguments themselves.
    WRAPPERS = %w[args kwargs arguments object].freeze
    NAMES = /\A(?:name|key|field|param|parameter|header|variable|attribute)\z/in.freeze
    VALUES = /\A(?:value|val|content|data|raw)\z/in.freeze

    # +key+ is a secret that server and recorders share: with it the same person or secret gets the
    # same mark everywhere. Without it marks name the class only. +allow+ lists keys that are never
    # sensitive, +deny+ keys that always are; +drop+ keys that are left out with what stands under them;
    # +user+ are the rules of a file, of which those for +job+ hold.
    def initialize(key: nil, allow: [], deny: [], drop: [], user: nil, job: nil)
      key = key.to_s.b
      all = rules(allow, deny)
      all = user.added_to(all, job) if user
      @text = Text.new(all, Mark.new(all["classes"], key.empty? ? nil : key.freeze))
      @limits = RULES["limits"]
      @names = {}
      @dropped = drop.map { |name| name.to_s.downcase }
    end

    # The string with secrets replaced; the same object when there were none.
    def text(string)
      return string if string.valid_encoding? && string.encoding == Encoding::UTF_8 && @text.clean?(string)

      bytes = utf8(string).b
      safe = @text.redact(bytes)
      safe.equal?(bytes) && string.encoding == Encoding::UTF_8 && string.valid_encoding? ? string : safe.dup.force_encoding(Encoding::UTF_8).scrub("?")
    rescue StandardError
      WITHHELD
    end

    # A structure of hashes, lists, strings, numbers, booleans and nil with secrets replaced. Any
    # other object becomes its class name; it is never inspected.
    def value(object, key: nil)
      rule = key.nil? ? nil : rule_of(key_bytes(key))
      walk(object, rule, 1, [@limits["itemsMax"]])
    rescue StandardError
      WITHHELD
    end

    # A job's arguments without those that +hide+ has by name or position: names count everywhere,
    # positions in the list of arguments alone.
    def without(arguments, hide)
      hide.empty? ? arguments : without_in(arguments, hide, 0, true)
    rescue StandardError
      WITHHELD
    end

    # Names and types only.
    def shape(object)
      outline(object, 1, [@limits["itemsMax"]])
    rescue StandardError
      WITHHELD
    end

    # A keyed hash by which equal arguments are recognised; nil without a key.
    def digest(object)
      @text.mark.digest(canonical(object, 1).b)
    rescue StandardError
      nil
    end

    # Whether what stands under this key is hidden.
    def sensitive?(key)
      !rule_of(key_bytes(key)).nil?
    rescue StandardError
      true
    end

    private

    def rules(allow, deny)
      return RULES if allow.empty? && deny.empty?

      words = ->(list) { list.map { |name| Keys.split(name.to_s.b).join(" ") } }
      RULES.merge(
        "negativeWords" => RULES["negativeWords"] + words.call(allow),
        "keys" => RULES["keys"].merge("denied" => { "class" => "custom", "when" => "any", "words" => words.call(deny) })
      )
    end

    def utf8(string)
      return string if string.encoding == Encoding::UTF_8 || string.encoding == Encoding::BINARY || string.ascii_only?

      string.encode(Encoding::UTF_8, invalid: :replace, undef: :replace, replace: "?")
    end

    def key_bytes(key)
      key.is_a?(Symbol) || key.is_a?(String) ? utf8(key.to_s).b : plain_name(key).b
    end

    # The words of a mark in a key say nothing of its value.
    def rule_of(bytes)
      @text.keys.verdict(bytes.include?("[") ? bytes.gsub(@text.marks, " ") : bytes)
    end

    def walk(object, rule, depth, left)
      left[0] -= 1
      return WITHHELD if left[0].negative?

      case object
      when nil, true, false then object
      when String, Symbol then string_under(object.to_s, rule)
      when Integer, Float then number_under(object, rule)
      when Hash then hash_under(object, rule, depth, left)
      when Array then array_under(object, rule, depth, left)
      else string_under(plain_name(object), rule)
      end
    end

    def string_under(string, rule)
      string = string.byteslice(0, STRING_BYTES_MAX).scrub("?") if string.bytesize > STRING_BYTES_MAX
      return text(string) unless rule

      bytes = utf8(string).b
      return text(string) unless @text.values.fits?(rule.when, bytes)
      return string if @text.values.settled?(bytes) || @text.allowed.key?(bytes)

      @text.mark.for(rule.class_name, bytes)
    end

    def number_under(number, rule)
      return number.to_s if number.is_a?(Float) && !number.finite?

      bytes = number.to_s.b
      return @text.mark.for(rule.class_name, bytes) if rule && @text.values.fits?(rule.when, bytes)
      return number if number.is_a?(Float) || bytes.bytesize < 12

      safe = @text.redact(bytes)
      safe.equal?(bytes) ? number : safe
    end

    def whole(object, rule, depth)
      return TOO_DEEP if depth > @limits["depthMax"]

      @text.mark.for(rule.class_name, canonical(object, depth).b) if rule && Values::WHOLE[rule.when]
    end

    def hash_under(hash, rule, depth, left)
      return {} if hash.empty?

      hidden = whole(hash, rule, depth)
      return hidden if hidden

      named = named_rule(hash)
      hash.each_with_object({}) do |(key, item), result|
        break result if left[0].negative?
        next if dropped?(key)

        safe_name, under = @names[key] || name_of(key)
        under = named if named && VALUES.match?(safe_name)
        result[safe_name] = walk(item, under, depth + 1, left)
      end
    end

    def dropped?(key)
      !@dropped.empty? && @dropped.include?(key.to_s.downcase)
    end

    # A key as it is written, and the rule for what stands under it; remembered, since the same few
    # keys come again and again.
    def name_of(key)
      plain = key.is_a?(Symbol) || key.is_a?(String)
      safe_name = text(plain ? key.to_s : plain_name(key))
      found = [safe_name, rule_of(utf8(safe_name).b)].freeze
      return found unless plain && safe_name.bytesize <= @limits["keyBytesMax"]

      @names = {} if @names.size >= NAMES_SIZE
      @names[key.dup.freeze] = found
    end

    # {"name" => "password", "value" => "x"}: the name is the key of the value.
    def named_rule(hash)
      return nil if hash.size > 8

      name = hash.find { |key, _| NAMES.match?(key.to_s) }
      name && (name[1].is_a?(String) || name[1].is_a?(Symbol)) ? named_key_rule(name[1]) : nil
    end

    # Of a key that stands as a value itself: only what can be a key counts.
    def named_key_rule(name)
      bytes = key_bytes(name)
      NAMED.match?(bytes) ? rule_of(bytes) : nil
    end

    def array_under(array, rule, depth, left)
      return [] if array.empty?

      hidden = whole(array, rule, depth)
      return hidden if hidden

      # The pair of a list of pairs: its first element is the key of its second.
      second = array.length == 2 && (array[0].is_a?(String) || array[0].is_a?(Symbol)) ? named_key_rule(array[0]) : nil
      result = []
      following = nil
      array.each_with_index do |item, index|
        break if left[0].negative?

        result << walk(item, following || (index == 1 && second) || rule, depth + 1, left)
        # An option of a command is the key of what follows.
        following = item.is_a?(String) && item.start_with?("--") ? named_key_rule(item) : nil
      end
      result
    end

    def without_in(object, hide, depth, outermost)
      hash = object.is_a?(Hash)
      return object if depth > @limits["depthMax"] || !(hash || object.is_a?(Array))

      wrapped = outermost && hash && object.any? { |name, _| WRAPPERS.include?(name.to_s) }
      named = hash ? object.to_a : object.each_with_index.map { |item, place| [place, item] }
      kept = named.each_with_index.map do |(name, item), place|
        hidden = hide.include?(name.to_s) || (outermost && !wrapped && hide.include?(place))
        inner = wrapped && %w[args arguments].include?(name.to_s)
        [name, hidden ? dropped_argument(item) : without_in(item, hide, depth + 1, inner)]
      end
      hash ? kept.to_h : kept.map(&:last)
    end

    def dropped_argument(item)
      item.nil? ? nil : @text.mark.for("argument", canonical(item, 1).b)
    end

    # Times and decimals as text, any other object by its class alone.
    def plain_name(object)
      case object
      when Integer, Float, nil, true, false then object.to_s
      when Time then object.getutc.strftime("%Y-%m-%dT%H:%M:%S.%6NZ")
      when Rational, Complex then object.to_s
      else %w[Date DateTime BigDecimal].include?(object.class.name) ? object.to_s : "#<#{object.class.name}>"
      end
    end

    def outline(object, depth, left)
      left[0] -= 1
      return WITHHELD if left[0].negative?
      return TOO_DEEP if depth > @limits["depthMax"]

      case object
      when nil then "null"
      when true, false then "boolean"
      when Integer then "integer"
      when Float then "number"
      when String, Symbol then "string"
      when Hash then object.first(100).reject { |key, _| dropped?(key) }.to_h { |key, item| [text(key.to_s), outline(item, depth + 1, left)] }
      when Array then object.first(100).map { |item| outline(item, depth + 1, left) }
      else object.class.name.to_s
      end
    end

    # One spelling for equal structures: JSON with sorted keys, no blanks.
    def canonical(object, depth)
      return "null" if depth > @limits["depthMax"] * 2

      case object
      when Hash
        pairs = object.map { |key, item| [key_bytes(key).force_encoding(Encoding::UTF_8).scrub("?"), item] }
        "{#{pairs.sort_by { |key, _| key.b }.map { |key, item| "#{JSON.generate(key)}:#{canonical(item, depth + 1)}" }.join(",")}}"
      when Array then "[#{object.map { |item| canonical(item, depth + 1) }.join(",")}]"
      when nil then "null"
      when true, false, Integer then object.to_s
      when Float then object.finite? && object == object.to_i ? object.to_i.to_s : object.to_s
      when String, Symbol then JSON.generate(utf8(object.to_s).dup.force_encoding(Encoding::UTF_8).scrub("?"))
      else JSON.generate(plain_name(object))
      end
    end
  end
end
