"""The marks that redaction leaves: [REDACTED:class:fingerprint], [email:v1:token], [card:1111].

Without a key they name the class and cannot be linked to anything.
"""

import base64
import hashlib
import hmac
import re

_VERSIONED = re.compile(rb"v([0-9]{1,6})\.")
_NOT_DIGIT = re.compile(rb"[^0-9]")
_NOT_ALPHANUMERIC = re.compile(rb"[^0-9A-Za-z]")
_DOMAIN = re.compile(rb"[0-9A-Za-z.-]{1,40}\Z")
_ADDRESS = re.compile(rb"([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3}\Z")


def mark_pattern(classes):
    """Marks of the given classes, as the source of a pattern. Nothing else may pass for one."""
    names = "|".join(sorted(classes, key=lambda name: -len(name)))
    return (
        r"\[(?:REDACTED:(?:%s)(?::[0-9a-f]{8})?|(?:%s):v[0-9]{1,6}:[a-z2-7]{19}|"
        r"card:[0-9]{4}|email:[0-9A-Za-z.-]{1,40}|ip:[0-9.]{7,15}/24)\]" % (names, names)
    ).encode("ascii")


class Mark:
    def __init__(self, classes, key):
        self._classes = classes
        self._key = key
        # A secret that the server gave out begins with the version of its keys.
        match = _VERSIONED.match(key) if key else None
        self._version = match.group(1).decode("ascii") if match else "1"
        self._derived = {}

    def verdict(self, class_name):
        entry = self._classes.get(class_name)
        return entry["verdict"] if entry else "drop"

    def make(self, class_name, value):
        kind = self.verdict(class_name)
        if kind == "mask":
            masked = self._mask(class_name, value)
            if masked is not None:
                return masked
        name = class_name.encode("ascii")
        if not self._key:
            return b"[REDACTED:" + name + b"]"
        if kind == "token":
            digest = self._hmac(class_name, _normalise(class_name, value))
            token = base64.b32encode(digest[:20]).lower()[:19]
            return b"[" + name + b":v" + self._version.encode("ascii") + b":" + token + b"]"
        return b"[REDACTED:" + name + b":" + self._hmac("secret", value)[:4].hex().encode("ascii") + b"]"

    def digest(self, data):
        """Version and 128 bits in hexadecimal; None without a key."""
        return "v%s:%s" % (self._version, self._hmac("digest", data)[:16].hex()) if self._key else None

    def _hmac(self, name, data):
        key = self._derived.get(name)
        if key is None:
            key = hmac.new(self._key, b"midwatch redaction " + name.encode("ascii"), hashlib.sha256).digest()
            self._derived[name] = key
        return hmac.new(key, data, hashlib.sha256).digest()

    @staticmethod
    def _mask(class_name, value):
        if class_name == "card":
            digits = _NOT_DIGIT.sub(b"", value)
            return b"[card:" + digits[-4:] + b"]" if 12 <= len(digits) <= 19 else None
        if class_name == "email":
            domain = value[value.rfind(b"@") + 1 :]
            return b"[email:" + domain + b"]" if _DOMAIN.match(domain) else None
        if class_name == "ip":
            match = _ADDRESS.match(value)
            return b"[ip:" + match.group(1) + b".0/24]" if match else None
        return None


def _normalise(class_name, value):
    """One spelling for one person or account, so that its tokens agree."""
    if class_name == "email":
        return value.lower()
    if class_name == "phone":
        digits = _NOT_DIGIT.sub(b"", value)
        return digits[2:] if digits.startswith(b"00") else digits
    if class_name in ("custom", "ip"):
        return value
    return _NOT_ALPHANUMERIC.sub(b"", value).upper()
