"""Redacts one text of bytes.

Keys, values and encoded runs each name spans, and the spans are replaced where they stand, so that
everything else stays as it was, byte for byte.
"""

import re

from .redact_assign import Assignments
from .redact_check import Checks
from .redact_decode import Decode, unescape
from .redact_key import Keys
from .redact_mark import mark_pattern
from .redact_quote import read_quoted
from .redact_repeat import repeats_of
from .redact_rules import RULES
from .redact_value import Values

_SHAPES = {
    "#card": re.compile(rb"[0-9]{14}|[0-9]{4}[ -][0-9]{4,6}[ -][0-9]{4}"),
    "#iban": re.compile(rb"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4}"),
    "#ssn": re.compile(rb"[0-9]{3}-[0-9]{2}-[0-9]{4}"),
    "#phone": re.compile(rb"\+[1-9]"),
    "#ip": re.compile(rb"[0-9]\.[0-9]{1,3}\.[0-9]"),
}
_BOUNDARY = rb"(?:(?<![0-9A-Za-z_])|(?<=\\[nrt]))"
# Without one of these no rule can find anything; most arguments of tasks have none. A text of less
# than _LONG bytes is done with the first.
_MARKS = re.compile(rb"[=:>\"'@%\\+]|--")
_LONG = 7
_GATE = re.compile(
    rb"[0-9A-Za-z_+/.$-]{14}|[0-9]{3,4}[ -][0-9]{2,6}[ -][0-9]{4}|[A-Z]{2}[0-9]{2} [A-Z0-9]{4}"
)
# An identifier or a time of day: no rule reads them.
_PLAIN = re.compile(
    rb"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    rb"|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    rb"(?:Z| UTC| ?[+-][0-9]{2}:?[0-9]{2})?)\Z"
)
_STATEMENT = re.compile(
    rb"insert[ \t\r\n]{1,8}into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}"
    rb"\(([^()]{1,4000})\)[ \t\r\n]{0,8}values[ \t\r\n]{0,8}",
    re.IGNORECASE,
)
_NEXT_TUPLE = re.compile(rb"[ \t\r\n]{0,8},[ \t\r\n]{0,8}(?=\()")
_WORD = re.compile(rb"[^,)\"']{0,4000}")
_PASSES_MAX = 6


class _Span:
    __slots__ = ("start", "end", "class_name", "rule", "quote", "claim")

    def __init__(self, start, end, class_name, rule, quote=b"", claim=0):
        self.start = start
        self.end = end
        self.class_name = class_name
        self.rule = rule
        self.quote = quote
        self.claim = claim


class _ValueRule:
    __slots__ = ("id", "class_name", "keep", "ignore_case", "keywords", "shape", "pattern", "check")

    def __init__(self, entry):
        self.id = entry["id"]
        self.class_name = entry["class"]
        self.keep = entry.get("keep", False)
        self.ignore_case = entry.get("ignoreCase", False)
        self.keywords = [word.encode("ascii") for word in entry["keywords"]]
        self.shape = _SHAPES.get(entry["keywords"][0])
        source = entry["pattern"].encode("ascii")
        self.pattern = re.compile(
            (_BOUNDARY if entry.get("boundary") else b"") + source, re.IGNORECASE if self.ignore_case else 0
        )
        self.check = entry.get("check")


class _Pattern:
    """A pattern of the user."""

    __slots__ = ("id", "class_name", "keywords", "pattern")

    def __init__(self, entry):
        self.id = entry["id"]
        self.class_name = entry["class"]
        self.keywords = [word.encode("ascii") for word in entry["keywords"]]
        self.pattern = re.compile(entry["pattern"].encode("ascii"))

    def concerns(self, lower):
        return not self.keywords or any(word in lower for word in self.keywords)


class Text:
    def __init__(self, rules, mark):
        self._limits = rules["limits"]
        self.mark = mark
        self.keys = Keys(rules)
        classes = list(rules["classes"])
        self.values = Values(rules, classes)
        self._checks = Checks(rules)
        self._decode = Decode(rules["encodedWords"])
        self.marks = re.compile(mark_pattern(classes))
        self._hints = _tree(_hint_words(rules), "[_. -]?")
        self._assignments = Assignments(self._hints, self.keys, self.values)
        self._rules = [_ValueRule(entry) for entry in rules["values"] if mark.verdict(entry["class"]) != "off"]
        self._patterns = [_Pattern(entry) for entry in rules.get("patterns", ())]
        self.allowed = rules.get("allowedValues", frozenset())
        # The cheap look at a text knows nothing of addresses, which are read only by choice.
        self._reads_all = mark.verdict("ip") != "off"
        self._keywords = self._keyword_pattern(False)
        self._lower_keywords = self._keyword_pattern(True)

    def redact(self, text):
        """The same object when nothing had to go."""
        if _is_plain(text) and not self._concerns_user(text):
            return text
        if len(text) > self._limits["textBytesMax"]:
            return self.mark.make("overrun", text)
        budget = [self._limits["decodeBytesMax"]]
        plain = unescape(text)
        redacted = self._pass(plain, budget)
        if redacted is plain:
            return text if plain == text else self._pass(text, budget)
        # What went may have hidden where something else begins; marks are never touched again.
        for _ in range(_PASSES_MAX - 1):
            again = self._pass(redacted, budget)
            if again is redacted:
                break
            redacted = again
        return redacted

    def _concerns_user(self, text):
        """Whether the user's rules may find something where the built-in ones cannot."""
        if self._reads_all or not self._patterns:
            return self._reads_all
        lower = text.lower()
        return any(pattern.concerns(lower) for pattern in self._patterns)

    def _pass(self, text, budget):
        spans = self._spans_of(text, budget, 0)
        if not spans:
            return text
        parts = []
        start = 0
        for span in spans:
            mark = self.mark.make(span.class_name, text[span.start : span.end])
            parts += (text[start : span.start], span.quote, mark, span.quote)
            start = span.end
        parts.append(text[start:])
        return b"".join(parts)

    def _spans_of(self, text, budget, depth):
        spans = []
        lower = text.lower()
        self._find_values(text, lower, spans)
        if self._hints.search(lower):
            for found in self._assignments.find(text, lower, self._marks_of(text)):
                spans.append(_Span(*found))
            self._find_inserted(text, spans)
        if depth < self._limits["decodeDepthMax"]:

            def inner(run):
                # Over budget a run counts as secret: it is not let through unread.
                budget[0] -= len(run)
                return budget[0] < 0 or bool(self._spans_of(run, budget, depth + 1))

            for start, end, rule in self._decode.find(text, inner):
                spans.append(_Span(start, end, "encoded", rule))
        for pattern in self._patterns:
            if pattern.concerns(lower):
                for match in pattern.pattern.finditer(text):
                    if match.end() > match.start():
                        spans.append(_Span(match.start(), match.end(), pattern.class_name, pattern.id))
        return self._settle(text, spans) if spans else spans

    def _settle(self, text, spans):
        marks = self._marks_of(text)
        fresh = [
            span
            for span in spans
            if span.end == span.start or not any(first <= span.start and span.end <= last for first, last in marks)
        ]
        merged = _merge(fresh)
        again = [
            _Span(start, end, span.class_name, span.rule)
            for start, end, span in repeats_of(text, merged, self.mark)
            if not any(first <= start and end <= last for first, last in marks)
        ]
        if again:
            merged = _merge(merged + again)
        kept = [
            span for span in merged if span.end > span.start and self.mark.verdict(span.class_name) != "off"
        ]
        if self.allowed:
            kept = [span for span in kept if text[span.start : span.end] not in self.allowed]
        for span in kept:
            _whole_characters(text, span)
        return kept

    def _marks_of(self, text):
        """Where marks stand already; nothing in them is looked at again."""
        return [match.span() for match in self.marks.finditer(text)] if b"[" in text else []

    def _keyword_pattern(self, ignore_case):
        """Any keyword of any rule that has some, so that one search answers for all of them."""
        rules = [rule for rule in self._rules if rule.shape is None and rule.ignore_case == ignore_case]
        return _tree([word.decode("ascii") for rule in rules for word in rule.keywords], "[ ]")

    def _find_values(self, text, lower, spans):
        worded = self._keywords.search(text)
        lower_worded = self._lower_keywords.search(lower)
        for rule in self._rules:
            if rule.shape:
                if not rule.shape.search(text):
                    continue
            elif lower_worded if rule.ignore_case else worded:
                searched = lower if rule.ignore_case else text
                for word in rule.keywords:
                    if word in searched:
                        break
                else:
                    continue
            else:
                continue
            self._find_one(text, rule, spans)

    def _find_one(self, text, rule, spans):
        match = rule.pattern.search(text)
        while match:
            start = match.start() + (len(match.group(1)) if rule.keep else 0)
            found = self._checks.range(rule.check, text, start, match.end(), rule.keywords)
            if found:
                spans.append(_Span(found[0], found[1], rule.class_name, rule.id, b"", found[2]))
            following = max(found[1] if found else match.end(), match.start() + 1)
            match = rule.pattern.search(text, following)

    def _find_inserted(self, text, spans):
        """INSERT INTO users (email, password) VALUES ('a', 'b'): the key of a value is its column."""
        match = _STATEMENT.search(text)
        while match:
            at = match.end()
            columns = [self.keys.verdict(column) for column in match.group(1).split(b",")]
            if any(columns):
                while text[at : at + 1] == b"(":
                    at = self._tuple(text, at + 1, columns, spans)
                    more = _NEXT_TUPLE.match(text[at : at + 20])
                    if not more:
                        break
                    at += more.end()
            match = _STATEMENT.search(text, max(at, match.end()))

    def _tuple(self, text, start, columns, spans):
        """Reads to behind the closing parenthesis."""
        at = start
        column = 0
        size = len(text)
        while at < size:
            while at < size and text[at] in b" \t\r\n":
                at += 1
            quoted = read_quoted(text, at)
            first = quoted.start if quoted else at
            last = quoted.end if quoted else at + len(_WORD.match(text[at : at + 4000]).group().rstrip(b" \t\r\n"))
            rule = columns[column] if column < len(columns) else None
            content = text[first:last]
            if rule and not self.values.settled(content) and self.values.fits(rule.when, content):
                spans.append(_Span(first, last, rule.class_name, "key:" + rule.id, b"" if quoted else b"'"))
            at = quoted.after if quoted else last
            while at < size and text[at] not in b",)":
                at += 1
            if text[at : at + 1] != b",":
                return min(at + 1, size)
            at += 1
            column += 1
        return at


def _is_plain(text):
    """Nothing in the text can concern a rule. True of most arguments, so it must be cheap."""
    if _MARKS.search(text):
        return _PLAIN.match(text) is not None
    return len(text) < _LONG or not (_GATE.search(text) or _WORDS.search(text)) or _PLAIN.match(text) is not None


def _tree(words, blank):
    """Words as one pattern in the form of a tree, read much faster than a list; a blank means ``blank``."""
    root = {}
    for word in words:
        node = root
        for character in word:
            node = node.setdefault(character, {})
        node[""] = {}
    return re.compile(_tree_source(root, blank).encode("ascii"))


def _tree_source(node, blank):
    if "" in node or not node:
        return ""
    branches = [
        (blank if character == " " else re.escape(character)) + _tree_source(rest, blank)
        for character, rest in node.items()
    ]
    return branches[0] if len(branches) == 1 else "(?:%s)" % "|".join(branches)


def _plain_words():
    """What a text without any of _MARKS may hold that is no long run: words that stand before a value."""
    worded = [word.lower() for entry in RULES["values"] if not entry.get("strong") for word in entry["keywords"]]
    words = [word for word in worded if not word.startswith("#") and not _MARKS.search(word.encode("ascii"))]
    return re.compile(_tree([*words, "insert "], r"[ \t\r\n]").pattern, re.IGNORECASE)


_WORDS = _plain_words()


def _hint_words(rules):
    words = {word for entry in rules["keys"].values() for word in entry["words"]}
    words.update(word for endings in rules["endings"].values() for word in endings)
    return sorted(
        word for word in words if not any(other != word and " " not in other and other in word for other in words)
    )


def _merge(spans):
    """In order, without overlap. Of two that overlap the earlier and longer gives the class."""
    merged = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = merged[-1] if merged else None
        if last and span.class_name == "email" and span.start < last.claim:
            continue
        if last and span.start < last.end:
            last.end = max(last.end, span.end)
        else:
            merged.append(span)
    return merged


def _whole_characters(text, span):
    """Never cuts a character of several bytes."""
    while span.start > 0 and 0x80 <= text[span.start] < 0xC0:
        span.start -= 1
    while span.end < len(text) and 0x80 <= text[span.end] < 0xC0:
        span.end += 1
