# frozen_string_literal: true

require_relative "redact_quote"

module Midwatch
  class Redact
    # Reads the value behind a sensitive key: a quoted string, a bracketed structure, a block of
    # YAML, or a bare word, of which the end depends on what stands around it. When in doubt more
    # is taken.
    class Values
      # A key as it stands in a text: its bounds, its quote with backslashes, what is behind it.
      Key = Struct.new(:start, :end, :quote, :after)
      # What goes, and where reading continues. An empty span: nothing goes.
      Found = Struct.new(:start, :end, :after, :quote)

      NUMBER = /\A[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?\z/n.freeze
      FITTING = {
        "any" => ->(_) { true },
        "line" => ->(_) { true },
        "text" => ->(content) { !NUMBER.match?(content) },
        "unlikeWord" => ->(content) { !NUMBER.match?(content) && !/\A[a-z][a-z_-]{0,22}\z/n.match?(content) },
        "random" => ->(content) { Values.random?(content) },
        "digits3" => ->(content) { /\A[0-9]{3,12}\z/n.match?(content) },
        "digits12" => ->(content) { /\A[0-9][0-9 .-]{10,26}[0-9]\z/n.match?(content) && content.count("0-9") >= 12 },
        "phone" => ->(content) { /\A\+?\(?[0-9](?:[0-9 ()\.\/-]|%20){4,24}[0-9]\z/n.match?(content) && content.count("0-9") >= 7 },
        "id" => ->(content) { /\A[0-9A-Za-z][0-9A-Za-z \.\/-]{3,40}\z/n.match?(content) && content.count("0-9") >= 4 }
      }.freeze
      WHOLE = { "any" => true, "line" => true, "text" => true, "unlikeWord" => true }.freeze
      SHAPES = {
        "digits3" => /\A[0-9]{3,12}(?![0-9A-Za-z])/n,
        "digits12" => /\A[0-9][0-9 -]{10,26}[0-9](?![0-9A-Za-z])/n,
        "phone" => /\A\+?\(?[0-9](?:[0-9 ().-]|%20){4,22}[0-9](?![0-9A-Za-z])/n,
        "id" => %r{\A(?:[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}(?![0-9A-Za-z])|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?![0-9A-Za-z])|[A-Z]{2}[0-9]{2}(?: [0-9A-Z]{4}){2,7}(?: [0-9A-Z]{1,3})?(?![0-9A-Za-z])|[0-9A-Za-z][0-9A-Za-z./-]{3,40})}n
      }.freeze
      STRUCTURE = /\A(?:[{\[(]|\#<|<[A-Z]|%[a-zA-Z]?[{\[(]|[A-Za-z_][0-9A-Za-z_.:]{0,80}\()/n.freeze
      LINE_END = /(?:\r?\n|\\r?\\n|\\n)/n.freeze
      COLUMN = /(?:\A|\n|\\n)([ ]{0,64})((?:- )*):?\z/n.freeze
      SCHEMES = /\A(?:Bearer|Basic|Digest|Token|Negotiate|NTLM|ApiKey|AWS4-HMAC-SHA256|Hawk|SSWS|OAuth|bearer|basic|token|digest)[ ]{1,4}/n.freeze
      WHOLE_LINE_SCHEMES = /\A(?:Digest|AWS4|Hawk|OAuth|digest)/n.freeze
      HEADER_LINE = /\A(?:="[^"\r\n\\]{0,512}"|=\\"[^"\r\n\\]{0,512}\\"|[^\r\n"\\]){1,4096}/n.freeze
      HEADER_WORD = /\A[^ \t\r\n"'\\,;<>]{1,16384}/n.freeze
      SCALAR = /\A[^ \t\r\n,}\])"'\\]{1,4096}/n.freeze
      NEXT_PAIR = /\A[ \t]*[A-Za-z_:"'@][0-9A-Za-z_.\[\]%@-]{0,60}["']?[ \t]*(?:=|:)/n.freeze
      NEXT_FIELD = /\A&(?:amp;)?[0-9A-Za-z_.\[\]%-]{1,80}=|\A&\z/n.freeze
      NODE_PROPERTIES = /\A(?:[&!][^ \t\r\n"'\\]{0,200}(?:[ \t]{1,8}|(?=\r?\n|\\r?\\n|\\n))){1,4}/n.freeze
      # A line that is this long was perhaps folded, as writers of YAML do at 80.
      FOLDED_MIN = 64
      # Slashes in it are digits of base 64 and no path.
      PADDED_BASE64 = %r{\A[0-9A-Za-z+/]{20,510}={1,2}\z}n.freeze
      BARE_STOP = /[ \t\r\n"<>|]/n.freeze
      BARE_MAX = 8192

      def initialize(rules, classes)
        @already = Regexp.new("\\G(?:#{Mark.pattern(classes)}|#{rules["already"]})", Regexp::NOENCODING)
        @nothing = rules["nothing"].to_h { |word| [word, true] }
        @plain_words = rules["plainWords"].to_h { |word| [word, true] }
      end

      # A whole value is a mark already, or says that there is none.
      def settled?(content)
        return true if content.empty? || @nothing.key?(content)

        match = @already.match(content, 0)
        !match.nil? && match.end(0) == content.bytesize
      end

      def fits?(kind, content)
        FITTING[kind].call(content)
      end

      # Long, of one alphabet, digits among letters; no path, no UUID, no digest.
      def self.random?(given)
        content = given.gsub(/%(?:2[BbFf]|3[Dd])/n, "+")
        return false unless /\A[0-9A-Za-z+\/_=.-]{20,512}\z/n.match?(content)
        return /\A(?:[0-9a-f]{32}|[0-9a-f]{64})\z/n.match?(content) if /\A[0-9a-f-]{20,512}\z/n.match?(content)
        return false if /\A[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}\z/n.match?(content)

        content.count("0-9") >= 3 && content.count("A-Za-z") >= 6 && content.count("a-z").positive? &&
          content.count("A-Z").positive? && (content.count("./").zero? || PADDED_BASE64.match?(content))
      end

      def read(text, key, rule, kind, from)
        properties = properties_at(text, key, kind, from)
        if properties.positive?
          found = read_behind(text, key, rule, kind, from + properties)
          # An anchor or tag goes with its value, which it would make another one.
          return found if found && found.end <= found.start
          return Found.new(from, found.after, found.after, found.quote) if found
        end
        read_behind(text, key, rule, kind, from)
      end

      # All values of a duplicate, of which one is the key's.
      def duplicate(text, rule, start, finish)
        content = text[start...finish]
        return Found.new(start, start, finish, "") if settled?(content)

        Found.new(start, finish, finish, "") if fits?(rule.when, content) || content.include?(", ")
      end

      private

      # The length of the anchors and tags of YAML before a value: "&1 !ruby/string ".
      def properties_at(text, key, kind, at)
        first = text.getbyte(at)
        return 0 unless (first == 33 || first == 38) && kind == ":" && key.quote.empty?

        column = column_of(text, key)
        return 0 if column.negative? || (key.start <= column && line_after(text, at)[1].negative?)

        (text[at, 512][NODE_PROPERTIES] || "").bytesize
      end

      def read_behind(text, key, rule, kind, from)
        at = from
        return nil if at >= text.bytesize

        at += 1 if "bBuUrRfF".include?(text[at]) && Quote.quote?(text.getbyte(at + 1))
        quoted = Quote.read(text, at)
        if quoted
          # What was cut often says so.
          cut = quoted.after == quoted.end && quoted.end - quoted.start >= 3 && text[quoted.end - 3, 3] == "..."
          finish = quoted.end - (cut ? 3 : 0)
          content = text[quoted.start...finish]
          return Found.new(at, at, quoted.after, "") if settled?(content)
          return nil unless fits?(rule.when, content)
          # `secret "shop-env" mounted` speaks of a secret; it does not tell one.
          return nil if kind == "quoted" && rule.class_name != "password" && !content.match?(/[0-9]/n)

          return Found.new(quoted.start, finish, quoted.after, "")
        end
        return nil if kind == "quoted"
        return xml(text, at, rule) if kind == "xml"

        already = @already.match(text, at)
        if already
          behind = already.end(0)
          if behind >= text.bytesize || !Quote::LETTER_OR_DIGIT.match?(text[behind])
            return Found.new(at, at, behind, "")
          end
        end
        whole = WHOLE[rule.when] && (block(text, key, rule, kind, from) || structure(text, key, at))
        whole || bare(text, key, rule, kind, at)
      end

      def xml(text, at, rule)
        close = text.index("<", at) || text.bytesize
        content = text[at...close]
        settled?(content) || !fits?(rule.when, content) ? nil : Found.new(at, close, close, "")
      end

      # A hash, list, tuple or inspected object: all of it goes.
      def structure(text, key, at)
        opener = STRUCTURE.match(text[at, 90])
        return nil unless opener

        behind = Quote.bracket_end(text, at + opener[0].bytesize - (opener[0].start_with?("<") ? 2 : 1))
        return Found.new(at, at, behind, "") if /\A[{\[(][ \t\r\n]*[}\])]\z/n.match?(text[at...behind])

        Found.new(at, behind, behind, key.quote)
      end

      # Where the line of +at+ ends, and where the next begins (-1: nowhere).
      def line_after(text, at)
        match = at <= text.bytesize ? LINE_END.match(text, at) : nil
        match ? [match.begin(0), match.end(0)] : [text.bytesize, -1]
      end

      # The column of a key that begins its line, apart from "- ", ":"; -1 if it does not.
      def column_of(text, key)
        first = [0, key.start - 200].max
        match = COLUMN.match(text[first...key.start])
        return -1 if match.nil? || (match.begin(0).zero? && key.start > 200 && !/\A\\?n|\A\n/n.match?(match[0]))

        match[1].bytesize + match[2].bytesize
      end

      # A YAML scalar of several lines, a nested list or mapping, or the rest of a line of YAML.
      def block(text, key, rule, kind, at)
        return nil unless kind == ":" && key.quote.empty?

        column = column_of(text, key)
        return nil if column.negative?

        line_end, next_line = line_after(text, at)
        first = text[at...line_end]
        raw = raw_lines?(text, key, column, line_end, next_line)
        if /\A(?:[|>][+-]?[0-9]?)?[ \t]*\z/n.match?(first)
          behind = block_end(text, line_end, next_line, column)
          return behind > line_end ? Found.new(at, raw ? behind : trim_quote(text, at, behind), behind, "") : nil
        end
        # Only text of several lines is read as YAML; in a single line the rest is prose.
        several = key.start > column || next_line >= 0
        return nil if !several || rule.when != "any" || /\A["'\[{!&*]/n.match?(first)

        words = first.split(/ /, -1)
        return nil if words.length < 2 && !(raw && /["<>|]/n.match?(first))
        return nil if !words.empty? && @plain_words.key?(words[0].downcase)

        folded = line_end - key.start >= FOLDED_MIN ? block_end(text, line_end, next_line, column) : line_end
        behind = raw ? folded : trim_quote(text, at, folded)
        Found.new(at, behind, behind, "")
      end

      # The line of a key ends, or begins if it is the last, with no written-out newline: no quote is around it.
      def raw_lines?(text, key, column, line_end, next_line)
        return text[line_end] != "\\" if next_line >= 0

        key.start.positive? && (text.rindex("\n", key.start - 1) || -key.start) >= key.start - column - 2
      end

      def block_end(text, line_end, next_line, column)
        behind = line_end
        while next_line >= 0
          inner_end, inner_next = line_after(text, next_line)
          indentation = text[next_line...[inner_end, next_line + 200].min][/\A */n].bytesize
          blank = indentation == inner_end - next_line
          item = indentation == column && text[next_line + indentation, 2] == "- "
          break if !blank && indentation <= column && !item

          behind = inner_end unless blank
          next_line = inner_next
        end
        behind
      end

      # A quote of the text around ends a bare value.
      def trim_quote(text, start, behind)
        match = /\\*"/n.match(text[start...behind])
        match ? start + match.begin(0) : behind
      end

      def bare(text, key, rule, kind, at)
        return header(text, key, rule, at) if rule.when == "line" && kind != "="

        shape = SHAPES[rule.when]
        if shape && key.quote.empty?
          match = shape.match(text[at, 48])
          return nil if match.nil? || !fits?(rule.when, match[0])

          return Found.new(at, at + match[0].bytesize, at + match[0].bytesize, "")
        end
        behind = key.quote.empty? ? bare_end(text, at, key, kind) : scalar_end(text, at)
        content = text[at...behind]
        return content.empty? ? nil : Found.new(at, at, behind, "") if settled?(content)
        return nil if kind == ":" && @plain_words.key?(content.downcase.sub(/[.,;:!?]+\z/n, ""))
        return nil unless fits?(rule.when, content)

        Found.new(at, behind, behind, key.quote)
      end

      # Scheme and credentials, or a list of cookies.
      def header(text, key, rule, at)
        rest = text[at, 16_384]
        scheme = rest[SCHEMES] || ""
        whole_line = rule.class_name == "cookie" || WHOLE_LINE_SCHEMES.match?(scheme)
        start = at + scheme.bytesize
        content = rest[scheme.bytesize..][whole_line ? HEADER_LINE : HEADER_WORD]
        return nil if content.nil?

        content = content.sub(/[ \t]+\z/n, "")
        behind = start + content.bytesize
        return Found.new(start, start, behind, "") if settled?(content)
        return nil if @plain_words.key?(content.downcase)

        Found.new(start, behind, behind, key.quote)
      end

      def scalar_end(text, at)
        at + (text[at, 4096][SCALAR] || "").bytesize
      end

      # A comma, ampersand or closing bracket ends a bare value only where something follows that
      # shows it to be punctuation: passwords contain them too.
      def bare_end(text, from, key, kind)
        query = key.start.positive? && "?&".include?(text[key.start - 1])
        at = from
        size = text.bytesize
        while at < size && at - from < BARE_MAX
          character = text[at]
          break if BARE_STOP.match?(character)
          break if character == "\\" && /\A\\+(?:["']|[nrt](?![0-9A-Za-z])|n)/n.match?(text[at, 9])
          break if query && (character == "&" || character == "#")
          break if character == "&" && NEXT_FIELD.match?(text[at, 96])
          break if ",;)]}'".include?(character) && ends_value?(text, at, kind)

          at += 1
        end
        kind == ":" && at - from > 1 && ".,;:!?".include?(text[at - 1]) ? at - 1 : at
      end

      def ends_value?(text, at, kind)
        following = text[at + 1]
        return true if following.nil? || following.empty? || " \t\r\n,;)]}\"'.>\\".include?(following)

        ",;".include?(text[at]) && kind != "flag" && NEXT_PAIR.match?(text[at + 1, 79])
      end
    end
  end
end
