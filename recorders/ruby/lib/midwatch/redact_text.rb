# frozen_string_literal: true

require_relative "redact_assign"
require_relative "redact_check"
require_relative "redact_decode"
require_relative "redact_key"
require_relative "redact_mark"
require_relative "redact_repeat"
require_relative "redact_rules"

module Midwatch
  class Redact
    # Redacts one text of bytes: keys, values and encoded runs each name spans, and the spans are
    # replaced where they stand, so that everything else stays as it was, byte for byte.
    class Text
      Span = Struct.new(:start, :end, :class_name, :rule, :quote, :claim)
      # A pattern of the user.
      Pattern = Struct.new(:id, :class_name, :keywords, :pattern) do
        def concerns?(lower)
          keywords.empty? || keywords.any? { |word| lower.include?(word) }
        end
      end
      ValueRule = Struct.new(:class_name, :id, :strong, :keep, :ignore_case, :keywords, :shape, :pattern, :check)

      SHAPES = {
        "#card" => /[0-9]{14}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}/n,
        "#iban" => /[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}/n,
        "#ssn" => /[0-9]{3}-[0-9]{2}-[0-9]{4}/n,
        "#phone" => /\+[1-9]/n,
        "#ip" => /[0-9]\.[0-9]{1,3}\.[0-9]/n
      }.freeze
      BOUNDARY = "(?:(?<![0-9A-Za-z_])|(?<=\\\\[nrt]))"
      # Without one of these no rule can find anything; most arguments of jobs have none. A text of
      # less than LONG bytes is done with the first.
      MARKS = /[=:>"'@%\\+]|--/.freeze
      LONG = 7
      GATE = %r{[0-9A-Za-z_+/.$-]{14}|[0-9]{3,4}[ -][0-9]{2,6}[ -][0-9]{4}|[A-Z]{2}[0-9]{2} [A-Z0-9]{4}}.freeze
      PLAIN = /\A(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z| UTC| ?[+-][0-9]{2}:?[0-9]{2})?)\z/.freeze
      STATEMENT = /insert[ \t\r\n]{1,8}into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}\(([^()]{1,4000})\)[ \t\r\n]{0,8}values[ \t\r\n]{0,8}/in.freeze
      PASSES_MAX = 6

      attr_reader :keys, :values, :mark, :marks, :allowed

      def initialize(rules, mark)
        @limits = rules["limits"]
        @mark = mark
        @keys = Keys.new(rules)
        classes = rules["classes"].keys
        @values = Values.new(rules, classes)
        @checks = Checks.new(rules)
        @decode = Decode.new(rules["encodedWords"])
        @marks = Regexp.new(Mark.pattern(classes), Regexp::NOENCODING)
        @hints = Regexp.new(Text.tree(hint_words(rules)), Regexp::NOENCODING)
        @assignments = Assignments.new(@hints, @keys, @values)
        @value_rules = rules["values"].filter_map { |entry| value_rule(entry) }
        @patterns = (rules["patterns"] || []).map do |entry|
          Pattern.new(entry["id"], entry["class"], entry["keywords"], Regexp.new(entry["pattern"], Regexp::NOENCODING)).freeze
        end
        @allowed = rules["allowedValues"] || {}
        # The cheap look at a text knows nothing of addresses, which are read only by choice.
        @reads_all = mark.verdict("ip") != "off"
        @keywords = keyword_pattern(false)
        @lower_keywords = keyword_pattern(true)
      end

      # Nothing in the text can concern a rule. True of most arguments, so it must be cheap.
      def self.plain?(text)
        return false if MARKS.match?(text) && !PLAIN.match?(text)

        text.bytesize < LONG || PLAIN.match?(text) || !(GATE.match?(text) || WORDS.match?(text))
      end

      # Words as one pattern in the form of a tree, which a backtracking engine reads much faster
      # than a list. A blank stands for what +blank+ says.
      def self.tree(words, blank = "[_. -]?")
        root = {}
        words.each { |word| word.each_char.reduce(root) { |node, character| node[character] ||= {} }[""] = {} }
        tree_source(root, blank)
      end

      def self.tree_source(node, blank)
        return "" if node.key?("") || node.empty?

        branches = node.map { |character, rest| (character == " " ? blank : Regexp.escape(character)) + tree_source(rest, blank) }
        branches.length == 1 ? branches[0] : "(?:#{branches.join("|")})"
      end
      private_class_method :tree_source

      # What a text without any of MARKS may hold that is no long run: words that stand before a value.
      WORDS = begin
        worded = RULES["values"].reject { |entry| entry["strong"] || entry["keywords"][0].start_with?("#") }.flat_map { |entry| entry["keywords"] }
        Regexp.new(tree([*worded.map(&:downcase).grep_v(MARKS), "insert "], "[ \\t\\r\\n]"), Regexp::IGNORECASE)
      end

      # Nothing in the text can concern a built-in rule or one of the user.
      def clean?(text)
        Text.plain?(text) && !@reads_all && (@patterns.empty? || !concerns_user?(text))
      end

      # The same string when nothing had to go.
      def redact(text)
        return text if clean?(text)
        return @mark.for("overrun", text) if text.bytesize > @limits["textBytesMax"]

        budget = [@limits["decodeBytesMax"]]
        plain = Decode.unescape(text)
        redacted = pass(plain, budget)
        return plain == text ? text : pass(text, budget) if redacted.equal?(plain)

        # What went may have hidden where something else begins; marks are never touched again.
        (PASSES_MAX - 1).times do
          again = pass(redacted, budget)
          return redacted if again.equal?(redacted)

          redacted = again
        end
        redacted
      end

      private

      def concerns_user?(text)
        lower = text.downcase(:ascii)
        @patterns.any? { |pattern| pattern.concerns?(lower) }
      end

      def hint_words(rules)
        words = (rules["keys"].values.flat_map { |entry| entry["words"] } + rules["endings"].values.flatten).uniq
        words.reject { |word| words.any? { |other| other != word && !other.include?(" ") && word.include?(other) } }.sort
      end

      def value_rule(entry)
        return nil if @mark.verdict(entry["class"]) == "off"

        flags = Regexp::NOENCODING | (entry["ignoreCase"] ? Regexp::IGNORECASE : 0)
        pattern = Regexp.new((entry["boundary"] ? BOUNDARY : "") + entry["pattern"], flags)
        ValueRule.new(entry["class"], entry["id"], entry["strong"], entry["keep"], entry["ignoreCase"],
                      entry["keywords"], SHAPES[entry["keywords"][0]], pattern, entry["check"]).freeze
      end

      # Any keyword of any rule that has some, so that one search answers for all of them.
      def keyword_pattern(ignore_case)
        rules = @value_rules.select { |rule| rule.shape.nil? && (rule.ignore_case || false) == ignore_case }
        words = rules.flat_map(&:keywords).uniq
        Regexp.new(Text.tree(words, "[ ]"), Regexp::NOENCODING)
      end

      def pass(text, budget)
        spans = spans_of(text, budget, 0)
        return text if spans.empty?

        result = String.new(capacity: text.bytesize + spans.length * 48, encoding: Encoding::BINARY)
        from = 0
        spans.each do |span|
          value = text[span.start...span.end]
          result << text[from...span.start] << span.quote << @mark.for(span.class_name, value) << span.quote
          from = span.end
        end
        result << text[from..]
      end

      def spans_of(text, budget, depth)
        spans = []
        lower = text.downcase
        find_values(text, lower, spans)
        if @hints.match?(lower)
          @assignments.each(text, lower, marks_of(text)) { |*found| spans << Span.new(*found, 0) }
          inserted(text, spans)
        end
        if depth < @limits["decodeDepthMax"]
          inner = ->(run) { secret_inside?(run, budget, depth) }
          @decode.each(text, inner) { |start, finish, rule| spans << Span.new(start, finish, "encoded", rule, "", 0) }
        end
        @patterns.each { |pattern| find_pattern(text, pattern, spans) if pattern.concerns?(lower) }
        spans.empty? ? spans : settle(text, spans)
      end

      def find_pattern(text, pattern, spans)
        text.scan(pattern.pattern) do
          start, finish = Regexp.last_match.offset(0)
          spans << Span.new(start, finish, pattern.class_name, pattern.id, "", 0) if finish > start
        end
      end

      # Over budget a run counts as secret: it is not let through unread.
      def secret_inside?(run, budget, depth)
        budget[0] -= run.bytesize
        budget[0].negative? || !spans_of(run, budget, depth + 1).empty?
      end

      def settle(text, spans)
        marks = marks_of(text)
        fresh = spans.reject do |span|
          span.end > span.start && marks.any? { |first, last| first <= span.start && span.end <= last }
        end
        merged = merge(fresh)
        again = Repeats.of(text, merged, @mark).reject do |span|
          marks.any? { |first, last| first <= span.start && span.end <= last }
        end
        merged = merge(merged + again) unless again.empty?
        merged.select { |span| span.end > span.start && @mark.verdict(span.class_name) != "off" }
              .reject { |span| !@allowed.empty? && @allowed.key?(text[span.start...span.end]) }
              .each { |span| whole_characters(text, span) }
      end

      # In order, without overlap. Of two that overlap the earlier and longer gives the class.
      def merge(spans)
        merged = []
        spans.sort_by.with_index { |span, index| [span.start, -span.end, index] }.each do |span|
          last = merged.last
          next if last && span.class_name == "email" && span.start < last.claim

          if last && span.start < last.end
            last.end = span.end if span.end > last.end
          else
            merged << span
          end
        end
        merged
      end

      # Never cuts a character of several bytes.
      def whole_characters(text, span)
        span.start -= 1 while span.start.positive? && continuation?(text.getbyte(span.start))
        span.end += 1 while span.end < text.bytesize && continuation?(text.getbyte(span.end))
      end

      def continuation?(code)
        !code.nil? && code >= 0x80 && code < 0xc0
      end

      # Where marks stand already; nothing in them is looked at again.
      def marks_of(text)
        return [] unless text.include?("[")

        found = []
        text.scan(@marks) { found << [Regexp.last_match.begin(0), Regexp.last_match.end(0)] }
        found
      end

      def find_values(text, lower, spans)
        worded = @keywords.match?(text)
        lower_worded = @lower_keywords.match?(lower)
        @value_rules.each do |rule|
          if rule.shape
            next unless rule.shape.match?(text)
          else
            next unless rule.ignore_case ? lower_worded : worded

            searched = rule.ignore_case ? lower : text
            next unless rule.keywords.any? { |word| searched.include?(word) }
          end
          find_one(text, rule, spans)
        end
      end

      def find_one(text, rule, spans)
        from = 0
        while from <= text.bytesize && (match = rule.pattern.match(text, from))
          start = match.begin(0) + (rule.keep ? match[1].bytesize : 0)
          finish = match.end(0)
          range = @checks.range(rule.check, text, start, finish, rule.keywords)
          spans << Span.new(range[0], range[1], rule.class_name, rule.id, "", range[2] || 0) if range
          from = [range ? range[1] : finish, match.begin(0) + 1].max
        end
      end

      # INSERT INTO users (email, password) VALUES ('a', 'b'): the key of a value is its column.
      def inserted(text, spans)
        from = 0
        while from <= text.bytesize && (match = STATEMENT.match(text, from))
          from = match.end(0)
          columns = match[1].split(",", -1).map { |column| @keys.verdict(column) }
          next if columns.none?

          at = from
          while text.getbyte(at) == 40
            at = tuple(text, at + 1, columns, spans)
            more = /\A[ \t\r\n]{0,8},[ \t\r\n]{0,8}(?=\()/n.match(text[at, 20] || "")
            break unless more

            at += more[0].bytesize
          end
          from = [at, from].max
        end
      end

      # Reads to behind the closing parenthesis.
      def tuple(text, from, columns, spans)
        at = from
        column = 0
        while at < text.bytesize
          at += 1 while at < text.bytesize && " \t\r\n".include?(text[at])
          quoted = Quote.read(text, at)
          start = quoted ? quoted.start : at
          finish = quoted ? quoted.end : at + (text[at, 4000] || "")[/\A[^,)"']{0,4000}/n].sub(/[ \t\r\n]+\z/n, "").bytesize
          rule = columns[column]
          content = text[start...finish]
          if rule && !@values.settled?(content) && @values.fits?(rule.when, content)
            spans << Span.new(start, finish, rule.class_name, "key:#{rule.id}", quoted ? "" : "'", 0)
          end
          at = quoted ? quoted.after : finish
          at += 1 while at < text.bytesize && !",)".include?(text[at])
          return [at + 1, text.bytesize].min if text.getbyte(at) != 44

          at += 1
          column += 1
        end
        at
      end
    end
  end
end
