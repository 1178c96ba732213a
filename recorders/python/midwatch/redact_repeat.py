"""Where a secret that was known by its key stands once more, without it.

The arguments that Django lists behind a statement, the exception that quotes what it was given.
"""

import re

from .redact_check import is_opaque

_VALUES_MAX = 16
# Long enough to be no word of the text by chance, and without blanks.
_WHOLE = re.compile(rb"[^ \t\r\n]{8,512}\Z")
_LETTER = re.compile(rb"[A-Za-z]")
_WORD = re.compile(rb"[0-9A-Za-z_]")
# No part of a longer word; the n of a written-out newline is no letter before it.
_BEFORE = re.compile(rb"\\[nrt]\Z|(?<![0-9A-Za-z_\\])\Z")


def repeats_of(text, found, mark):
    """``found`` are spans in order, without overlap; each answer is a start, an end and the span it repeats."""
    seen = set()
    for span in found:
        if not span.rule.startswith("key:") or mark.verdict(span.class_name) != "drop":
            continue
        value = text[span.start : span.end]
        if value in seen or not _WHOLE.match(value) or not _LETTER.search(value) or not is_opaque(value):
            continue
        if len(seen) == _VALUES_MAX:
            break
        seen.add(value)
        start = text.find(value)
        while start >= 0:
            end = start + len(value)
            alone = not _WORD.match(text, end) and _BEFORE.search(text[max(0, start - 2) : start])
            if start != span.start and alone:
                yield start, end, span
            start = text.find(value, end)
