"""What a pattern alone cannot tell: check digits, country lengths, whether a token decodes.

Each takes the text and what matched, and answers the span that goes and how far an address in a URL
is claimed, or None.
"""

import re

from .redact_decode import decode_base64

_PEM_BODY = re.compile(rb"(?:[0-9A-Za-z+/= \t\r\n:,.-]|\\{1,8}[nrt])*")
_PEM_END = re.compile(rb"-----END [A-Z0-9 ]{0,40}-----")
_HOST = re.compile(rb"[^ \t\r\n\"'<>`\\,;)]{0,255}")
_DIGIT = re.compile(rb"[0-9]")
_LETTER = re.compile(rb"[A-Za-z]")
_MIXED = re.compile(rb"[A-Z0-9].*[0-9A-Z]")
_CAMEL = re.compile(rb"[a-z][A-Z]|[A-Z]{2}[a-z]")
_HEADER = re.compile(rb"\"(?:alg|enc|typ|kid|cty)\"")
_TOKEN_REST = re.compile(rb"[0-9A-Za-z_.=-]{1,32768}")
_BASIC = re.compile(rb"[\x20-\x7e\x80-\xff]{0,200}:[\x20-\x7e\x80-\xff]{0,400}\Z")
_VERSION = re.compile(rb"[0-9]+\.[0-9]")
_SSN_NONE = re.compile(rb"\A(?:000|666)|-00-|-0000\Z")
_CLOCK = re.compile(rb"[0-9]:[0-9]{2} ?\Z")
_COMMAND_END = re.compile(rb"[|;&\n]")
_ALPHANUMERIC = re.compile(rb"[0-9A-Za-z]")
_BRANDS = re.compile(
    rb"(?:4(?:[0-9]{15}|[0-9]{18})"
    rb"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    rb"|3[47][0-9]{13}|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}|62[0-9]{14,17}"
    rb"|35(?:2[89]|[3-8][0-9])[0-9]{12}|3(?:0[0-5]|[689][0-9])[0-9]{11})\Z"
)


class Checks:
    def __init__(self, rules):
        self._iban_lengths = {country.encode("ascii"): size for country, size in rules["ibanLengths"].items()}
        self._locals = frozenset(word.encode("ascii") for word in rules["emailLocals"])
        self._tops = frozenset(word.encode("ascii") for word in rules["emailTops"])
        self._tests = {
            "mixed": lambda content, text, start: _is_mixed(content),
            "opaque": lambda content, text, start: is_opaque(content),
            "basic": lambda content, text, start: len(content) >= 8 and _BASIC.match(decode_base64(content)),
            "email": lambda content, text, start: self._is_personal(content),
            "card": lambda content, text, start: _is_card(content.replace(b" ", b"").replace(b"-", b"")),
            "ssn": lambda content, text, start: not _SSN_NONE.search(content),
            "phone": lambda content, text, start: 8 <= len(_DIGIT.findall(content)) <= 15
            and not _CLOCK.search(text[max(0, start - 5) : start]),
            "ipv4": lambda content, text, start: all(int(part) <= 255 for part in content.split(b".")),
        }

    def range(self, check, text, start, end, keywords):
        if check is None:
            return start, end, 0
        if check == "pem":
            return _pem(text, start, end)
        if check == "jwt":
            return _jwt(text, start, end)
        if check == "userinfo":
            return _userinfo(text, start, end)
        if check == "iban":
            return self._iban(text, start, end)
        if check == "command":
            return (start, end, 0) if _is_argument_of(text, start, keywords) else None
        return (start, end, 0) if self._tests[check](text[start:end], text, start) else None

    def _is_personal(self, address):
        at = address.find(b"@")
        top = address[address.rfind(b".") + 1 :].lower()
        return not (
            address[:at].lower() in self._locals or top in self._tops or _VERSION.match(address, at + 1)
        )

    def _iban(self, text, start, end):
        """ISO 13616: the country's length, and 1 modulo 97 with the first four characters moved behind."""
        length = self._iban_lengths.get(text[start : start + 2])
        if length is None:
            return None
        compact = bytearray()
        at = start
        while at < end and len(compact) < length:
            if text[at] != 32:
                compact.append(text[at])
            at += 1
        if len(compact) != length or _ALPHANUMERIC.match(text, at):
            return None
        digits = "".join(str(code - 55) if code >= 65 else chr(code) for code in compact[4:] + compact[:4])
        return (start, at, 0) if int(digits) % 97 == 1 else None


def _is_argument_of(text, start, keywords):
    """The flag belongs to one of the commands that the rule names, not to the one behind a pipe."""
    before = _COMMAND_END.split(text[max(0, start - 300) : start])[-1]
    return any(word in before for word in keywords)


def _is_mixed(content):
    return _DIGIT.search(content) and _LETTER.search(content) and _MIXED.search(content[3:])


def is_opaque(content):
    return len(content) >= 24 or _DIGIT.search(content) or _CAMEL.search(content)


def _jwt(text, start, end):
    """A header that decodes, and all that hangs on it by full stops (RFC 7519)."""
    if text[end : end + 1] != b".":
        return None
    header = decode_base64(text[start:end])
    if not header.startswith(b'{"') or not _HEADER.search(header):
        return None
    return start, end + len(_TOKEN_REST.match(text[end : end + 32768]).group().rstrip(b".-")), 0


def _pem(text, start, end):
    body = _PEM_BODY.match(text[end : end + 16384]).group()
    close = _PEM_END.search(body)
    return start, end + (close.end() if close else len(body)), 0


def _userinfo(text, start, end):
    first = start + 3
    at = end - 1
    colon = text.find(b":", first)
    claim = end + _HOST.match(text[end : end + 255]).end()
    if 0 <= colon < at:
        return colon + 1, at, claim
    user = text[first:at]
    if len(user) >= 16 and _DIGIT.search(user) and _LETTER.search(user):
        return first, at, claim
    return first, first, claim


def _is_card(digits):
    """A number that a card brand gives out, with the right check digit (ISO/IEC 7812-1)."""
    if not _BRANDS.match(digits):
        return False
    total = 0
    for index, code in enumerate(reversed(digits)):
        digit = code - 48
        if index % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0
