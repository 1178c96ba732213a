"""Reads the value behind a sensitive key.

A quoted string, a bracketed structure, a block of YAML, or a bare word, of which the end depends on
what stands around it. When in doubt more is taken.
"""

import re

from .redact_mark import mark_pattern
from .redact_quote import ALPHANUMERIC, bracket_end, is_quote, read_quoted

_NUMBER = re.compile(rb"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?\Z")
_DIGITS = re.compile(rb"[0-9]")
_DIGITS3 = re.compile(rb"[0-9]{3,12}\Z")
_DIGITS12 = re.compile(rb"[0-9][0-9 .-]{10,26}[0-9]\Z")
_PHONE = re.compile(rb"\+?\(?[0-9](?:[0-9 ()./-]|%20){4,24}[0-9]\Z")
_ID = re.compile(rb"[0-9A-Za-z][0-9A-Za-z ./-]{3,40}\Z")
_RANDOM = re.compile(rb"[0-9A-Za-z+/_=.-]{20,512}\Z")
_LOWER_HEX = re.compile(rb"[0-9a-f-]{20,512}\Z")
_HEX_KEY = re.compile(rb"(?:[0-9a-f]{32}|[0-9a-f]{64})\Z")
_UUID = re.compile(rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}\Z")
_PERCENT = re.compile(rb"%(?:2[BbFf]|3[Dd])")
_NOT_LETTER = re.compile(rb"[^A-Za-z]")
_SMALL = re.compile(rb"[a-z]")
_CAPITAL = re.compile(rb"[A-Z]")
_WORD = re.compile(rb"[a-z][a-z_-]{0,22}\Z")
WHOLE = frozenset(("any", "line", "text", "unlikeWord"))
_SHAPES = {
    "digits3": re.compile(rb"[0-9]{3,12}(?![0-9A-Za-z])"),
    "digits12": re.compile(rb"[0-9][0-9 -]{10,26}[0-9](?![0-9A-Za-z])"),
    "phone": re.compile(rb"\+?\(?[0-9](?:[0-9 ().-]|%20){4,22}[0-9](?![0-9A-Za-z])"),
    "id": re.compile(
        rb"(?:[0-9]{3}[ -][0-9]{2}[ -][0-9]{4}(?![0-9A-Za-z])"
        rb"|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D](?![0-9A-Za-z])"
        rb"|[A-Z]{2}[0-9]{2}(?: [0-9A-Z]{4}){2,7}(?: [0-9A-Z]{1,3})?(?![0-9A-Za-z])"
        rb"|[0-9A-Za-z][0-9A-Za-z./-]{3,40})"
    ),
}
_STRUCTURE = re.compile(rb"(?:[{\[(]|#<|<[A-Z]|%[a-zA-Z]?[{\[(]|[A-Za-z_][0-9A-Za-z_.:]{0,80}\()")
_EMPTY_STRUCTURE = re.compile(rb"[{\[(][ \t\r\n]*[}\])]\Z")
_LINE_END = re.compile(rb"(?:\r?\n|\\r?\\n|\\n)")
_COLUMN = re.compile(rb"(?:\A|\n|\\n)([ ]{0,64})((?:- )*):?\Z")
_LINE_START = re.compile(rb"\\?n|\n")
_BLOCK = re.compile(rb"(?:[|>][+-]?[0-9]?)?[ \t]*\Z")
_NOT_PLAIN = re.compile(rb"[\"'\[{!&*]")
_ENDING_QUOTE = re.compile(rb"\\*\"")
_SCHEMES = re.compile(
    rb"(?:Bearer|Basic|Digest|Token|Negotiate|NTLM|ApiKey|AWS4-HMAC-SHA256|Hawk|SSWS|OAuth"
    rb"|bearer|basic|token|digest)[ ]{1,4}"
)
_WHOLE_LINE = re.compile(rb"(?:Digest|AWS4|Hawk|OAuth|digest)")
_HEADER_LINE = re.compile(rb"(?:=\"[^\"\r\n\\]{0,512}\"|=\\\"[^\"\r\n\\]{0,512}\\\"|[^\r\n\"\\]){1,4096}")
_HEADER_WORD = re.compile(rb"[^ \t\r\n\"'\\,;<>]{1,16384}")
_SCALAR = re.compile(rb"[^ \t\r\n,}\])\"'\\]{1,4096}")
_NEXT_PAIR = re.compile(rb"[ \t]*[A-Za-z_:\"'@][0-9A-Za-z_.\[\]%@-]{0,60}[\"']?[ \t]*(?:=|:)")
_NEXT_FIELD = re.compile(rb"&(?:amp;)?[0-9A-Za-z_.\[\]%-]{1,80}=|&\Z")
_ESCAPE = re.compile(rb"\\+(?:[\"']|[nrt](?![0-9A-Za-z])|n)")
_NODE_PROPERTIES = re.compile(rb"(?:[&!][^ \t\r\n\"'\\]{0,200}(?:[ \t]{1,8}|(?=\r?\n|\\r?\\n|\\n))){1,4}")
# A line that is this long was perhaps folded, as writers of YAML do at 80.
_FOLDED_MIN = 64
_DOT_OR_SLASH = re.compile(rb"[./]")
# Slashes in it are digits of base 64 and no path.
_PADDED_BASE64 = re.compile(rb"[0-9A-Za-z+/]{20,510}={1,2}\Z")
_BARE_STOP_IN_LINE = re.compile(rb"[\"<>|]")
_BARE_STOP = frozenset(b" \t\r\n\"<>|")
_CLOSING = frozenset(b",;)]}'")
_BEHIND_CLOSING = frozenset(b" \t\r\n,;)]}\"'.>\\")
_PUNCTUATION = frozenset(b".,;:!?")
_BARE_MAX = 8192


def _count_digits(content):
    return len(_DIGITS.findall(content))


def _looks_random(content):
    """Long, of one alphabet, digits among letters; no path, no UUID, no digest."""
    content = _PERCENT.sub(b"+", content)
    if not _RANDOM.match(content):
        return False
    if _LOWER_HEX.match(content):
        return bool(_HEX_KEY.match(content))
    if _UUID.match(content):
        return False
    letters = _NOT_LETTER.sub(b"", content)
    return bool(
        _count_digits(content) >= 3
        and len(letters) >= 6
        and _SMALL.search(letters)
        and _CAPITAL.search(letters)
        and (not _DOT_OR_SLASH.search(content) or _PADDED_BASE64.match(content))
    )


_FITTING = {
    "any": lambda content: True,
    "line": lambda content: True,
    "text": lambda content: not _NUMBER.match(content),
    "unlikeWord": lambda content: not _NUMBER.match(content) and not _WORD.match(content),
    "random": _looks_random,
    "digits3": lambda content: bool(_DIGITS3.match(content)),
    "digits12": lambda content: bool(_DIGITS12.match(content)) and _count_digits(content) >= 12,
    "phone": lambda content: bool(_PHONE.match(content)) and _count_digits(content) >= 7,
    "id": lambda content: bool(_ID.match(content)) and _count_digits(content) >= 4,
}


class Key:
    """A key as it stands in a text: its bounds, its quote with backslashes, what is behind it."""

    __slots__ = ("start", "end", "quote", "after")

    def __init__(self, start, end, quote, after):
        self.start = start
        self.end = end
        self.quote = quote
        self.after = after


class Found:
    """What goes, and where reading continues. An empty span: nothing goes."""

    __slots__ = ("start", "end", "after", "quote")

    def __init__(self, start, end, after, quote=b""):
        self.start = start
        self.end = end
        self.after = after
        self.quote = quote


class Values:
    def __init__(self, rules, classes):
        self._already = re.compile(b"(?:" + mark_pattern(classes) + b"|" + rules["already"].encode("ascii") + b")")
        self._nothing = frozenset(word.encode("ascii") for word in rules["nothing"])
        self._plain_words = frozenset(word.encode("ascii") for word in rules["plainWords"])

    def settled(self, content):
        """A whole value is a mark already, or says that there is none."""
        if not content or content in self._nothing:
            return True
        match = self._already.match(content)
        return match is not None and match.end() == len(content)

    @staticmethod
    def fits(when, content):
        return _FITTING[when](content)

    def read(self, text, key, rule, kind, start):
        properties = _properties_at(text, key, kind, start)
        if properties:
            found = self._read_behind(text, key, rule, kind, start + properties)
            # An anchor or tag goes with its value, which it would make another one.
            if found:
                return Found(start, found.after, found.after, found.quote) if found.end > found.start else found
        return self._read_behind(text, key, rule, kind, start)

    def _read_behind(self, text, key, rule, kind, start):
        at = start
        if at >= len(text):
            return None
        if text[at] in b"bBuUrRfF" and is_quote(text, at + 1):
            at += 1
        quoted = read_quoted(text, at)
        if quoted:
            # What was cut often says so.
            is_cut = quoted.after == quoted.end and text[quoted.start : quoted.end].endswith(b"...")
            end = quoted.end - 3 if is_cut else quoted.end
            content = text[quoted.start : end]
            if self.settled(content):
                return Found(at, at, quoted.after)
            if not self.fits(rule.when, content):
                return None
            # `secret "shop-env" mounted` speaks of a secret; it does not tell one.
            if kind == "quoted" and rule.class_name != "password" and not _DIGITS.search(content):
                return None
            return Found(quoted.start, end, quoted.after)
        if kind == "quoted":
            return None
        if kind == "xml":
            return self._xml(text, at, rule)
        already = self._already.match(text, at)
        if already:
            behind = already.end()
            if behind >= len(text) or text[behind] not in ALPHANUMERIC:
                return Found(at, at, behind)
        if rule.when in WHOLE:
            whole = self._block(text, key, rule, kind, start) or _structure(text, key, at)
            if whole:
                return whole
        return self._bare(text, key, rule, kind, at)

    def duplicate(self, text, rule, start, end):
        """All values of a duplicate, of which one is the key's."""
        content = text[start:end]
        if self.settled(content):
            return Found(start, start, end)
        return Found(start, end, end) if self.fits(rule.when, content) or b", " in content else None

    def _xml(self, text, at, rule):
        close = text.find(b"<", at)
        end = len(text) if close < 0 else close
        content = text[at:end]
        return None if self.settled(content) or not self.fits(rule.when, content) else Found(at, end, end)

    def _block(self, text, key, rule, kind, at):
        """A YAML scalar of several lines, a nested list or mapping, or the rest of a line of YAML."""
        if kind != ":" or key.quote:
            return None
        column = _column_of(text, key)
        if column < 0:
            return None
        line_end, next_line = _line_after(text, at)
        first = text[at:line_end]
        raw = _has_raw_lines(text, key, column, line_end, next_line)
        if _BLOCK.match(first):
            behind = _block_end(text, line_end, next_line, column)
            if behind <= line_end:
                return None
            return Found(at, behind if raw else _trim_quote(text, at, behind), behind)
        # Only text of several lines is read as YAML; in a single line the rest is prose.
        several = key.start > column or next_line >= 0
        if not several or rule.when != "any" or _NOT_PLAIN.match(first):
            return None
        words = first.split(b" ")
        if len(words) < 2 and not (raw and _BARE_STOP_IN_LINE.search(first)):
            return None
        if words[0].lower() in self._plain_words:
            return None
        folded = line_end
        if line_end - key.start >= _FOLDED_MIN:
            folded = _block_end(text, line_end, next_line, column)
        behind = folded if raw else _trim_quote(text, at, folded)
        return Found(at, behind, behind)

    def _bare(self, text, key, rule, kind, at):
        if rule.when == "line" and kind != "=":
            return self._header(text, key, rule, at)
        shape = _SHAPES.get(rule.when)
        if shape and not key.quote:
            match = shape.match(text[at : at + 48])
            if not match or not self.fits(rule.when, match.group()):
                return None
            return Found(at, at + match.end(), at + match.end())
        behind = _scalar_end(text, at) if key.quote else _bare_end(text, at, key, kind)
        content = text[at:behind]
        if self.settled(content):
            return Found(at, at, behind) if content else None
        if kind == ":" and content.lower().rstrip(b".,;:!?") in self._plain_words:
            return None
        return Found(at, behind, behind, key.quote) if self.fits(rule.when, content) else None

    def _header(self, text, key, rule, at):
        """Scheme and credentials, or a list of cookies."""
        rest = text[at : at + 16384]
        match = _SCHEMES.match(rest)
        scheme = match.group() if match else b""
        whole_line = rule.class_name == "cookie" or _WHOLE_LINE.match(scheme)
        start = at + len(scheme)
        match = (_HEADER_LINE if whole_line else _HEADER_WORD).match(rest[len(scheme) :])
        if not match:
            return None
        content = match.group().rstrip(b" \t")
        behind = start + len(content)
        if self.settled(content):
            return Found(start, start, behind)
        if content.lower() in self._plain_words:
            return None
        return Found(start, behind, behind, key.quote)


def _structure(text, key, at):
    """A hash, list, tuple or inspected object: all of it goes."""
    opener = _STRUCTURE.match(text[at : at + 90])
    if not opener:
        return None
    behind = bracket_end(text, at + opener.end() - (2 if opener.group().startswith(b"<") else 1))
    if _EMPTY_STRUCTURE.match(text[at:behind]):
        return Found(at, at, behind)
    return Found(at, behind, behind, key.quote)


def _line_after(text, at):
    """Where the line of ``at`` ends, and where the next begins (-1: nowhere)."""
    match = _LINE_END.search(text, at)
    return (match.start(), match.end()) if match else (len(text), -1)


def _column_of(text, key):
    """The column of a key that begins its line, apart from ``- `` and ``:``; -1 if it does not."""
    match = _COLUMN.search(text[max(0, key.start - 200) : key.start])
    if not match or (match.start() == 0 and key.start > 200 and not _LINE_START.match(match.group())):
        return -1
    return len(match.group(1)) + len(match.group(2))


def _has_raw_lines(text, key, column, line_end, next_line):
    """The line of a key ends, or begins if it is the last, with no written-out newline: no quote is around it."""
    if next_line >= 0:
        return text[line_end] != 92
    return key.start > 0 and text.rfind(b"\n", 0, key.start) >= key.start - column - 2


def _properties_at(text, key, kind, at):
    """The length of the anchors and tags of YAML before a value: ``&1 !ruby/string ``."""
    if kind != ":" or key.quote or text[at : at + 1] not in (b"!", b"&"):
        return 0
    column = _column_of(text, key)
    if column < 0 or (key.start <= column and _line_after(text, at)[1] < 0):
        return 0
    match = _NODE_PROPERTIES.match(text[at : at + 512])
    return match.end() if match else 0


def _block_end(text, line_end, next_line, column):
    behind = line_end
    while next_line >= 0:
        inner_end, inner_next = _line_after(text, next_line)
        line = text[next_line : min(inner_end, next_line + 200)]
        indentation = len(line) - len(line.lstrip(b" "))
        blank = indentation == inner_end - next_line
        item = indentation == column and text[next_line + indentation : next_line + indentation + 2] == b"- "
        if not blank and indentation <= column and not item:
            break
        if not blank:
            behind = inner_end
        next_line = inner_next
    return behind


def _trim_quote(text, start, behind):
    """A quote of the text around ends a bare value."""
    match = _ENDING_QUOTE.search(text[start:behind])
    return start + match.start() if match else behind


def _scalar_end(text, at):
    match = _SCALAR.match(text[at : at + 4096])
    return at + (match.end() if match else 0)


def _bare_end(text, start, key, kind):
    """A comma, ampersand or closing bracket ends a bare value only where what follows shows it."""
    query = key.start > 0 and text[key.start - 1] in b"?&"
    at = start
    size = len(text)
    while at < size and at - start < _BARE_MAX:
        code = text[at]
        if code in _BARE_STOP:
            break
        if code == 92 and _ESCAPE.match(text[at : at + 9]):
            break
        if query and code in b"&#":
            break
        if code == 38 and _NEXT_FIELD.match(text[at : at + 96]):
            break
        if code in _CLOSING and _ends_value(text, at, kind):
            break
        at += 1
    return at - 1 if kind == ":" and at - start > 1 and text[at - 1] in _PUNCTUATION else at


def _ends_value(text, at, kind):
    if at + 1 >= len(text) or text[at + 1] in _BEHIND_CLOSING:
        return True
    return text[at] in b",;" and kind != "flag" and _NEXT_PAIR.match(text[at + 1 : at + 80]) is not None
