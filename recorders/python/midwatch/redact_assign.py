"""Finds values by the key before them, in whatever container they stand.

JSON at any depth of quoting, logfmt, inspect, repr, YAML, headers, forms, command lines. Reading
starts only where a sensitive word stands, so an ordinary text costs nothing.
"""

import re

from .redact_quote import backslashes_before, is_quote, skip_blanks
from .redact_value import Key

_WORDS_MAX = 3
_KEY_BYTES_MAX = 256
_KEY_BYTE = frozenset(
    list(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-.") + list(range(128, 256))
)
_NAME_BEFORE = re.compile(
    rb"[\"':](?:name|key|field|param|parameter|header|variable|Name|Key|attribute)\\*[\"']?"
    rb"[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}\Z"
)
_VALUE_AFTER = re.compile(
    rb"[ \t\r\n]{0,8},[ \t\r\n]{0,8}\\*[\"':]{1,2}(?:value|val|content|data|Value|raw)\\*[\"']?"
    rb"[ \t\r\n]{0,8}(?:=>|:)[ \t\r\n]{0,8}"
)
# The same in YAML, where name and value stand on lines of their own.
_NAME_OF_LINE = re.compile(rb"(?:\A|[ \n]|\\n)(?:name|key): {1,8}\Z")
_VALUE_OF_LINE = re.compile(rb" {0,8}(?:\r?\n|\\r?\\n|\\n) {0,64}(?:value|val|content|data): {1,8}")
_DUPLICATE = re.compile(rb"\"?\)=\(")
_CLOSING = re.compile(rb"\)[.]?\Z")
_OPENS_PAIR = re.compile(rb"[\[(][ \t\r\n]*\Z")
# The columns of a statement, of which the values come behind.
_COLUMNS_OPEN = re.compile(
    rb"into[ \t\r\n]{1,8}[^ \t\r\n(]{1,128}[ \t\r\n]{0,8}\([ \t\r\n]{0,8}\Z", re.IGNORECASE
)
_PERCENT_BRACKET = re.compile(rb"%5[Dd]")
_HEX_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")


class Assignments:
    def __init__(self, hints, keys, values):
        self._hints = hints
        self._keys = keys
        self._values = values

    def find(self, text, lower, marks):
        """Yields start, end, class, rule and quote of each value that goes; ``lower`` is the text in lower case."""
        start = 0
        while True:
            match = self._hints.search(lower, start)
            if not match:
                return
            hit = match.start()
            inside = next((last for first, last in marks if first <= hit < last), None)
            if inside is not None:
                start = inside
                continue
            found, rule = self._assignment_at(text, hit)
            if found:
                if found.end > found.start:
                    yield found.start, found.end, rule.class_name, "key:" + rule.id, found.quote
                start = max(found.after, hit + 1)
            else:
                start = max(_run_end(text, hit), hit + 1)

    def _assignment_at(self, text, hit):
        start = _run_start(text, hit)
        end = _run_end(text, hit)
        for words in range(1, _WORDS_MAX + 1):
            key = _key_span(text, start, end)
            found, rule = self._value_of(text, key, words)
            if found:
                return found, rule
            # "password policy attempt=3": what the first words are of is not secret.
            if self._keys.ends_harmless(text[key.start : key.end]):
                break
            # Behind a blank and a dash an option of a command begins.
            if end + 1 >= len(text) or text[end] != 32 or text[end + 1] == 45 or text[end + 1] not in _KEY_BYTE:
                break
            end = _run_end(text, end + 1)
        return None, None

    def _value_of(self, text, key, words):
        kind, at = _separator_after(text, key)
        if kind is None and words > 1:
            return None, None
        rule = self._keys.verdict(text[key.start : key.end])
        if rule is None or self._keys.verdict(_with_word_before(text, key)) is None:
            return None, None
        if kind is not None:
            return self._values.read(text, key, rule, kind, at), rule
        found = self._pair(text, key, rule) or self._named_value(text, key, rule) or self._duplicate(text, key, rule)
        return found, rule

    def _pair(self, text, key, rule):
        """The second of two elements of a list or tuple of which the first is a sensitive key."""
        if not key.quote and key.start > 0 and text[key.start - 1] == 45:
            return self._option(text, key, rule)
        if not key.quote and not (key.start > 0 and text[key.start - 1] == 58):
            return None
        open = key.start - max(1, len(key.quote))
        if not _OPENS_PAIR.search(text[max(0, open - 8) : open]):
            return None
        if _COLUMNS_OPEN.search(text[max(0, open - 180) : open]):
            return None
        comma = skip_blanks(text, key.after, 8, True)
        if text[comma : comma + 1] != b",":
            return None
        return self._values.read(text, key, rule, "=>", skip_blanks(text, comma + 1, 64, True))

    def _option(self, text, key, rule):
        """An option among the words of a command: ``["psql", "--password", "x"]``."""
        quote_at = key.start - 3
        if key.start < 3 or text[key.start - 2 : key.start] != b"--" or not is_quote(text, quote_at):
            return None
        quote = text[quote_at - backslashes_before(text, quote_at) : key.start - 2]
        if not text.startswith(quote, key.end):
            return None
        comma = skip_blanks(text, key.end + len(quote), 8, True)
        if text[comma : comma + 1] != b",":
            return None
        return self._values.read(text, key, rule, "=>", skip_blanks(text, comma + 1, 64, True))

    def _named_value(self, text, key, rule):
        """The value of an entry that names its key as a value."""
        open = key.start - len(key.quote)
        before = text[max(0, open - 48) : open]
        after = text[key.after : key.after + 96]
        match = _VALUE_AFTER.match(after) if key.quote and _NAME_BEFORE.search(before) else None
        if not match and _NAME_OF_LINE.search(before):
            match = _VALUE_OF_LINE.match(after)
        return self._values.read(text, key, rule, "=>", key.after + match.end()) if match else None

    def _duplicate(self, text, key, rule):
        """PostgreSQL: `Key (email, token)=(bob@example.com, x) already exists`. All values go."""
        match = _DUPLICATE.match(text[key.end : key.end + 4])
        if not match or key.start == 0 or text[key.start - 1] not in b'( ,"':
            return None
        start = key.end + match.end()
        close = text.find(b") ", start)
        line = text[start : len(text) if close < 0 else close]
        return self._values.duplicate(text, rule, start, start + len(_CLOSING.sub(b"", line)))


def _with_word_before(text, key):
    """The key with the word before it, which can make it harmless: "unexpected token", "cache key"."""
    lone = key.quote or key.start < 2 or text[key.start - 1] != 32 or text[key.start - 2] not in _KEY_BYTE
    return text[key.start if lone else _run_start(text, key.start - 2) : key.end]


def _key_span(text, run_start, run_end):
    start = run_start
    end = run_end
    while start < end and text[start] in b"-.":
        start += 1
    while end > start and text[end - 1] in b"-.":
        end -= 1
    if start == run_start and is_quote(text, start - 1):
        quote = text[start - 1 - backslashes_before(text, start - 1) : start]
        if text.startswith(quote, end):
            return Key(start, end, quote, end + len(quote))
    return Key(start, end, b"", end)


def _separator_after(text, key):
    """What ties a key to its value, and where the value begins."""
    at = key.after
    if text[at : at + 1] == b"]":
        at += 1
    elif _PERCENT_BRACKET.match(text, at):
        at += 3
    bare = at
    at = skip_blanks(text, at, 8, False)
    two = text[at : at + 2]
    quoted = bool(key.quote)
    if two == b"=>":
        return "=>", skip_blanks(text, at + 2, 64, quoted)
    if two == b":=":
        return "=", skip_blanks(text, at + 2, 8, False)
    if two == b"::" or (two in (b"==", b"=~") and text[at + 2 : at + 3] in (b"", b" ", b"/")):
        return None, 0
    if two == b"==":
        return "=", at + 2
    if two.startswith(b"="):
        return "=", skip_blanks(text, at + 1, 8, False)
    if two.startswith(b":") and text[at + 1 : at + 3] != b"//":
        return ":", skip_blanks(text, at + 1, 64, quoted)
    if two.startswith(b">") and at == bare and key.start > 0 and text[key.start - 1] == 60:
        return "xml", at + 1
    if at == bare or quoted:
        return None, 0
    if key.start >= 2 and text[key.start - 2 : key.start] == b"--":
        return "flag", at
    return ("quoted", at) if two[:1] in (b'"', b"'") else (None, 0)


def _run_start(text, hit):
    start = hit
    while hit - start < _KEY_BYTES_MAX and start > 0 and text[start - 1] in _KEY_BYTE:
        start -= 1
    if start == 0:
        return start
    # %5Bpassword: the two digits belong to the percent sign; \npassword: the letter to the backslash.
    before = text[start - 1]
    if before == 37 and _HEX_PAIR.match(text, start):
        return min(hit, start + 2)
    if before == 92 and start < hit and text[start] in b"bfnrt":
        return start + 1
    return start


def _run_end(text, start):
    end = start
    size = len(text)
    while end - start < _KEY_BYTES_MAX and end < size and text[end] in _KEY_BYTE:
        end += 1
    return end
