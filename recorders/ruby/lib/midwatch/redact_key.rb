# frozen_string_literal: true

require_relative "redact_rules"

module Midwatch
  class Redact
    # The verdict on a key: is what stands under +X-API-Key+, +userPassword+ or +card_number+
    # secret? Words and pairs of words are looked up; a negative list keeps +token_count+ readable.
    class Keys
      Rule = Struct.new(:id, :class_name, :when)
      CACHE_SIZE = 4096
      RANK = { "any" => 2, "line" => 2, "text" => 1, "unlikeWord" => 1 }.freeze

      def initialize(rules)
        @phrases = {}
        @endings = []
        rules["keys"].each do |id, entry|
          rule = Rule.new(id, entry["class"] || id, entry["when"]).freeze
          entry["words"].each { |word| @phrases[word] = rule }
          (rules["endings"][id] || []).each { |ending| @endings << [ending, rule] }
        end
        @negative = rules["negativeWords"].to_h { |word| [word, true] }
        @negative_last = rules["negativeLast"].to_h { |word| [word, true] }
        @allowed = (rules["allowedKeys"] || []).to_h { |phrase| [phrase, true] }
        @key_bytes_max = rules["limits"]["keyBytesMax"]
        @cache = {}
      end

      # The rule for a key given as bytes, or nil.
      def verdict(key)
        found = @cache.fetch(key, :unknown)
        return found unless found == :unknown

        found = decide(key)
        @cache = {} if @cache.size >= CACHE_SIZE
        @cache[key.dup.freeze] = found
      end

      # Whether a key ends in a word that makes it harmless, such as +token_count+.
      def ends_harmless?(key)
        @negative_last.key?(Keys.split(key).last)
      end

      # Words in lower case: a change from small to capital begins one, so does the last capital of
      # several before a small letter, and all that is no ASCII letter separates. Where more than one
      # of +_-. + stands between two words, an empty word keeps them from being read as a pair.
      def self.split(key)
        words = []
        last_end = 0
        key.scan(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[A-Z]/n) do
          match = Regexp.last_match
          first = match.begin(0)
          words << "" if !words.empty? && first > last_end && !joint?(key, last_end, first)
          words << match[0].downcase
          last_end = match.end(0)
        end
        words
      end

      def self.joint?(key, from, to)
        to == from + 1 && "_-. ".include?(key[from])
      end
      private_class_method :joint?

      private

      def decide(key)
        return nil if key.bytesize > @key_bytes_max

        words = Keys.split(key)
        return nil if @allowed.key?(words.join(" "))

        found = nil
        found_end = 0
        covered = 0
        words.each_index do |at|
          [3, words.length - at].min.downto(1) do |count|
            phrase = count == 1 ? words[at] : words[at, count].join(" ")
            covered = [covered, at + count].max if @negative.key?(phrase)
            next if at + count <= covered

            rule = @phrases[phrase] || (count == 1 ? by_ending(phrase) : nil)
            next if rule.nil? || (found && rank(found) > rank(rule))

            if found.nil? || at + count > found_end || rank(rule) > rank(found)
              found = rule
              found_end = at + count
            end
          end
        end
        found && found_end < words.length && @negative_last.key?(words.last) ? nil : found
      end

      def by_ending(word)
        pair = @endings.find { |ending, _| word.end_with?(ending) }
        pair && pair[1]
      end

      def rank(rule)
        RANK.fetch(rule.when, 0)
      end
    end
    private_constant :Keys
  end
end
