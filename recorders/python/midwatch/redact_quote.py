"""Quotes and brackets in text that may itself be quoted.

Inside a JSON string a quote is ``\\"``, one level deeper it has three backslashes. A value whose
quote never closes ends with the text, because runtimes cut what they print.
"""

_LEVELS = {0: 0, 1: 1, 3: 2, 7: 3}
_CLOSERS = {123: 125, 91: 93, 40: 41, 60: 62}
ALPHANUMERIC = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class Quoted:
    __slots__ = ("quote", "start", "end", "after")

    def __init__(self, quote, start, end, after):
        self.quote = quote
        self.start = start
        self.end = end
        self.after = after


def backslashes_before(text, at):
    count = 0
    while count < 64 and at - 1 - count >= 0 and text[at - 1 - count] == 92:
        count += 1
    return count


def is_quote(text, at):
    return 0 <= at < len(text) and text[at] in (34, 39, 96)


def read_quoted(text, at):
    """The quoted string that opens at ``at``, backslashes included, if one does."""
    open = at
    size = len(text)
    while open - at <= 7 and open < size and text[open] == 92:
        open += 1
    level = _LEVELS.get(open - at)
    if level is None or not is_quote(text, open):
        return None
    code = text[open]
    quote = text[at : open + 1]
    start = open + 1
    position = text.find(code, start)
    while position >= 0:
        backslashes = found = min(backslashes_before(text, position), position - start)
        outer = False
        for _ in range(level):
            if backslashes % 2 == 0:
                outer = True
                break
            backslashes = (backslashes - 1) // 2
        if outer:  # A quote of the text around: ours was cut before it closed.
            return Quoted(quote, start, position - found, position - found)
        if backslashes % 2 == 1:
            position = text.find(code, position + 1)
        elif level == 0 and position > start and code != 96 and position + 1 < size and text[position + 1] == code:
            # SQL and YAML double a quote that is meant.
            position = text.find(code, position + 2)
        else:
            return Quoted(quote, start, position - (0 if level == 0 else (1 << level) - 1), position + 1)
    return Quoted(quote, start, size, size)


def bracket_end(text, at):
    """Behind the bracket that closes the one at ``at``, or the end of the text."""
    stack = []
    position = at
    size = len(text)
    while position < size:
        code = text[position]
        before = text[position - 1] if position else None
        closer = _CLOSERS.get(code)
        if closer and (code != 60 or position == at or before == 35):
            if len(stack) >= 64:
                return size
            stack.append(closer)
        elif stack and code == stack[-1] and not (code == 62 and before == 61):
            stack.pop()
            if not stack:
                return position + 1
        elif code in (34, 39, 92):
            # An apostrophe inside a word opens nothing.
            opens = code != 39 or position == 0 or before not in ALPHANUMERIC
            quoted = read_quoted(text, position) if opens else None
            if quoted:
                position = quoted.after
                continue
        position += 1
    return size


def skip_blanks(text, start, most, lines):
    at = start
    size = len(text)
    while at - start < most and at < size and (text[at] in (32, 9) or (lines and text[at] in (10, 13))):
        at += 1
    return at
