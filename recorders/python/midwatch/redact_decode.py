"""Secrets that stand encoded: percent, ``\\uXXXX``, base64 and hexadecimal.

Base64 and hexadecimal are tried only where the encoded form of a telling word occurs, since
identifiers look alike.
"""

import base64
import re

_PERCENT_RUN = re.compile(rb"[0-9A-Za-z._~+*!:@/$%-]{0,4096}%[0-9A-Fa-f]{2}[0-9A-Za-z._~+*!:@/$%-]{0,8192}")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPES = re.compile(rb"(\\+)u00([2-7][0-9A-Fa-f])")
_BASE64 = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/_-")
_HEX = frozenset(b"0123456789ABCDEFabcdef")
_RUN_MAX = 65536


def _unpercent(run):
    return _PERCENT.sub(lambda pair: bytes((int(pair.group(1), 16),)), run)


def decode_base64(run):
    plain = run.split(b"=", 1)[0].replace(b"-", b"+").replace(b"_", b"/")
    if len(plain) % 4 == 1:
        plain = plain[:-1]
    return base64.b64decode(plain + b"=" * (-len(plain) % 4))


def _decode_hex(run):
    return bytes.fromhex(run[len(run) % 2 :].decode("ascii"))


def _unescape_one(match):
    backslashes = match.group(1)
    code = int(match.group(2), 16)
    if code in (92, 127) or len(backslashes) % 2 == 0:
        return match.group()
    return backslashes[1:] + (b'\\"' if code == 34 else bytes((code,)))


def unescape(text):
    """``\\u0070`` written as ``p``, which means the same in every string that knows the escape."""
    return _ESCAPES.sub(_unescape_one, text) if b"\\u00" in text else text


def _aligned(word, offset):
    """The characters of base64 that a word alone decides, when ``offset`` bytes stand before it."""
    text = base64.b64encode(b"\0" * offset + word)
    return text[-(-offset * 8 // 6) : (offset + len(word)) * 8 // 6]


class Decode:
    def __init__(self, words):
        data = [word.encode("ascii") for word in words]
        self.base64_forms = [_aligned(word, offset) for word in data for offset in (0, 1, 2)]
        self.hex_forms = [word.hex().encode("ascii") for word in data]
        self._base64_any = re.compile(b"|".join(re.escape(form) for form in self.base64_forms))
        self._hex_any = re.compile(b"|".join(self.hex_forms), re.IGNORECASE)

    def find(self, text, inner):
        """Calls ``inner`` with each decoded run; yields start, end and rule where it says yes."""
        if b"%" in text:
            for match in _PERCENT_RUN.finditer(text):
                run = match.group()
                # In a form a plus sign is a blank, elsewhere it is itself.
                if inner(_unpercent(run)) or (b"+" in run and inner(_unpercent(run.replace(b"+", b" ")))):
                    yield match.start(), match.end(), "percent"
        if self._base64_any.search(text):
            for form in self.base64_forms:
                if form in text:
                    yield from _around(text, text, form, _BASE64, "base64", decode_base64, inner)
        if self._hex_any.search(text):
            lower = text.lower()
            for form in self.hex_forms:
                if form in lower:
                    yield from _around(text, lower, form, _HEX, "hex", _decode_hex, inner)


def _around(text, haystack, form, belongs, rule, decode, inner):
    size = len(text)
    hit = haystack.find(form)
    while hit >= 0:
        start = hit
        while start > 0 and hit - start < _RUN_MAX and text[start - 1] in belongs:
            start -= 1
        end = hit + len(form)
        while end < size and end - start < _RUN_MAX and text[end] in belongs:
            end += 1
        if end - start >= 16 and inner(decode(text[start:end])):
            while rule == "base64" and text[end : end + 1] == b"=":
                end += 1
            yield start, end, rule
        hit = haystack.find(form, end)
