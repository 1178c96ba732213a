"""Removes secrets and personal data before anything is written, by the same rules as the server.

Never raises: what cannot be read is withheld.
"""

import datetime
import decimal
import json
import math
import re
import uuid

from .redact_key import split_key
from .redact_mark import Mark
from .redact_rules import RULES
from .redact_text import Text
from .redact_value import WHOLE

_WITHHELD = "[REDACTED:overrun]"
_TOO_DEEP = "[REDACTED:depth]"
_NAMED = re.compile(r"[0-9A-Za-z_.-]{1,60}(?: [0-9A-Za-z_.-]{1,60}){0,2}\Z")
_STRING_BYTES_MAX = 16384
_NAMES_SIZE = 4096
#: What stands around the arguments themselves.
_WRAPPERS = frozenset(("args", "kwargs", "arguments", "object"))
_NAME_LENGTH_MAX = 256
_NAMES = re.compile(r"(?:name|key|field|param|parameter|header|variable|attribute)\Z", re.IGNORECASE | re.ASCII)
_VALUES = re.compile(r"(?:value|val|content|data|raw)\Z", re.IGNORECASE | re.ASCII)


class Redact:
    """``Redact(key=b"…").text("password=hunter2")`` is ``"password=[REDACTED:password:…]"``.

    ``key`` is a secret that server and recorders share: with it the same person or secret gets the
    same mark everywhere. Without it marks name the class only. ``allow`` lists keys that are never
    sensitive, ``deny`` keys that always are; ``drop`` keys that are left out with what stands under
    them; ``user`` are the rules of a file, of which those for ``job`` hold.
    """

    def __init__(self, key=None, allow=(), deny=(), drop=(), user=None, job=None):
        if isinstance(key, str):
            key = key.encode("utf-8")
        rules = _rules(allow, deny)
        if user is not None:
            rules = user.added_to(rules, job)
        self._text = Text(rules, Mark(rules["classes"], key or None))
        self._depth_max = RULES["limits"]["depthMax"]
        self._items_max = RULES["limits"]["itemsMax"]
        self._names = {}
        self._dropped = frozenset(str(name).lower() for name in drop)

    def text(self, string):
        """The string with secrets replaced; the same object when there were none."""
        try:
            data = string.encode("utf-8", "replace")
            safe = self._text.redact(data)
            return string if safe is data else safe.decode("utf-8", "replace")
        except Exception:  # noqa: BLE001 -- a recorder never raises, and never lets pass what it could not read
            return _WITHHELD

    def value(self, object, key=None):
        """A structure of dicts, lists, strings, numbers, booleans and None with secrets replaced.

        Any other object becomes its class name; its ``repr`` is never asked for.
        """
        try:
            rule = None if key is None else self._rule_of(_key_text(key))
            return self._walk(object, rule, 1, [self._items_max])
        except Exception:  # noqa: BLE001 -- see text
            return _WITHHELD

    def without(self, arguments, hide):
        """A job's arguments without those that ``hide`` has by name or position.

        Names count everywhere, positions in the list of arguments alone.
        """
        try:
            return self._without(arguments, hide, 0, True) if hide else arguments
        except Exception:  # noqa: BLE001 -- see text
            return _WITHHELD

    def shape(self, object):
        """Names and types only."""
        try:
            return self._outline(object, 1, [self._items_max])
        except Exception:  # noqa: BLE001 -- see text
            return _WITHHELD

    def digest(self, object):
        """A keyed hash by which equal arguments are recognised; None without a key."""
        try:
            return self._text.mark.digest(self._canonical(object, 1).encode("utf-8", "replace"))
        except Exception:  # noqa: BLE001 -- see text
            return None

    def sensitive(self, key):
        """Whether what stands under this key is hidden."""
        try:
            return self._rule_of(_key_text(key)) is not None
        except Exception:  # noqa: BLE001 -- see text
            return True

    def _rule_of(self, name):
        data = name.encode("utf-8", "replace")
        # The words of a mark in a key say nothing of its value.
        return self._text.keys.verdict(self._text.marks.sub(b" ", data) if b"[" in data else data)

    def _walk(self, object, rule, depth, left):
        left[0] -= 1
        if left[0] < 0:
            return _WITHHELD
        if object is None or object is True or object is False:
            return object
        if isinstance(object, str):
            return self._string_under(str(object), rule)
        if isinstance(object, (int, float)):
            return self._number_under(object, rule)
        if isinstance(object, dict):
            return self._dict_under(object, rule, depth, left)
        if isinstance(object, (list, tuple, set, frozenset)):
            return self._list_under(list(object), rule, depth, left)
        return self._string_under(_plain_name(object), rule)

    def _string_under(self, string, rule):
        if len(string) > _STRING_BYTES_MAX:
            string = string[:_STRING_BYTES_MAX]
        if rule is None:
            return self.text(string)
        data = string.encode("utf-8", "replace")
        if not self._text.values.fits(rule.when, data):
            return self.text(string)
        if self._text.values.settled(data) or data in self._text.allowed:
            return string
        return self._text.mark.make(rule.class_name, data).decode("ascii")

    def _number_under(self, number, rule):
        if isinstance(number, float) and not math.isfinite(number):
            return str(number)
        data = str(number).encode("ascii")
        if rule is not None and self._text.values.fits(rule.when, data):
            return self._text.mark.make(rule.class_name, data).decode("ascii")
        if isinstance(number, float) or len(data) < 12:
            return number
        safe = self._text.redact(data)
        return number if safe is data else safe.decode("ascii")

    def _whole(self, object, rule, depth):
        if depth > self._depth_max:
            return _TOO_DEEP
        if rule is not None and rule.when in WHOLE:
            data = self._canonical(object, depth).encode("utf-8", "replace")
            return self._text.mark.make(rule.class_name, data).decode("ascii")
        return None

    def _dict_under(self, mapping, rule, depth, left):
        if not mapping:
            return {}
        hidden = self._whole(mapping, rule, depth)
        if hidden is not None:
            return hidden
        named = self._named_rule(mapping)
        result = {}
        for key, item in mapping.items():
            if left[0] < 0:
                break
            if self._dropped and _key_text(key).lower() in self._dropped:
                continue
            safe_name, under = self._names.get(key) or self._name_of(key)
            if named is not None and _VALUES.match(safe_name):
                under = named
            result[safe_name] = self._walk(item, under, depth + 1, left)
        return result

    def _name_of(self, key):
        """A key as it is written, and the rule for what stands under it; remembered."""
        safe_name = self.text(_key_text(key))
        found = safe_name, self._rule_of(safe_name)
        if isinstance(key, str) and len(safe_name) <= _NAME_LENGTH_MAX:
            if len(self._names) >= _NAMES_SIZE:
                self._names = {}
            self._names[key] = found
        return found

    def _named_rule(self, mapping):
        """{"name": "password", "value": "x"}: the name is the key of the value."""
        if len(mapping) > 8:
            return None
        for key, item in mapping.items():
            if isinstance(key, str) and _NAMES.match(key):
                return self._named_key_rule(item) if isinstance(item, str) else None
        return None

    def _named_key_rule(self, name):
        """Of a key that stands as a value itself: only what can be a key counts."""
        return self._rule_of(name) if _NAMED.match(name) else None

    def _list_under(self, items, rule, depth, left):
        if not items:
            return []
        hidden = self._whole(items, rule, depth)
        if hidden is not None:
            return hidden
        # The pair of a list of pairs: its first element is the key of its second.
        following = None
        second = self._named_key_rule(items[0]) if len(items) == 2 and isinstance(items[0], str) else None
        result = []
        for index, item in enumerate(items):
            if left[0] < 0:
                break
            result.append(self._walk(item, following or (index == 1 and second) or rule, depth + 1, left))
            # An option of a command is the key of what follows.
            is_option = isinstance(item, str) and item.startswith("--")
            following = self._named_key_rule(item) if is_option else None
        return result

    def _without(self, object, hide, depth, outermost):
        is_dict = isinstance(object, dict)
        if depth > self._depth_max or not (is_dict or isinstance(object, (list, tuple))):
            return object
        wrapped = outermost and is_dict and any(name in _WRAPPERS for name in object if isinstance(name, str))
        places = outermost and not wrapped
        result = []
        for place, (name, item) in enumerate(object.items() if is_dict else enumerate(object)):
            text = _key_text(name) if is_dict else str(name)
            if text in hide or (places and place in hide):
                result.append((name, self._dropped_argument(item)))
            else:
                inner = wrapped and text in ("args", "arguments")
                result.append((name, self._without(item, hide, depth + 1, inner)))
        return dict(result) if is_dict else [item for _, item in result]

    def _dropped_argument(self, item):
        if item is None:
            return None
        return self._text.mark.make("argument", self._canonical(item, 1).encode("utf-8", "replace")).decode("ascii")

    def _outline(self, object, depth, left):
        left[0] -= 1
        if left[0] < 0:
            return _WITHHELD
        if depth > self._depth_max:
            return _TOO_DEEP
        if object is None:
            return "null"
        if isinstance(object, bool):
            return "boolean"
        for kind, word in ((int, "integer"), (float, "number"), (str, "string")):
            if isinstance(object, kind):
                return word
        if isinstance(object, dict):
            pairs = [(_key_text(key), item) for key, item in list(object.items())[:100]]
            return {
                self.text(key): self._outline(item, depth + 1, left)
                for key, item in pairs
                if key.lower() not in self._dropped
            }
        if isinstance(object, (list, tuple)):
            return [self._outline(item, depth + 1, left) for item in object[:100]]
        return type(object).__name__

    def _canonical(self, object, depth):
        """One spelling for equal structures: JSON with sorted keys, no blanks."""
        if depth > self._depth_max * 2:
            return "null"
        if isinstance(object, dict):
            pairs = sorted(
                ((_key_text(key), item) for key, item in object.items()),
                key=lambda pair: pair[0].encode("utf-8", "replace"),
            )
            return "{%s}" % ",".join(
                "%s:%s" % (_quoted(key), self._canonical(item, depth + 1)) for key, item in pairs
            )
        if isinstance(object, (list, tuple)):
            return "[%s]" % ",".join(self._canonical(item, depth + 1) for item in object)
        if object is None:
            return "null"
        if isinstance(object, bool):
            return "true" if object else "false"
        if isinstance(object, float):
            return str(int(object)) if math.isfinite(object) and object == int(object) else str(object)
        if isinstance(object, int):
            return str(object)
        return _quoted(object if isinstance(object, str) else _plain_name(object))


def _rules(allow, deny):
    if not allow and not deny:
        return RULES

    def words(names):
        return [" ".join(split_key(str(name).encode("utf-8", "replace"))) for name in names]

    denied = {"class": "custom", "when": "any", "words": words(deny)}
    return dict(
        RULES,
        negativeWords=RULES["negativeWords"] + words(allow),
        keys=dict(RULES["keys"], denied=denied),
    )


def _quoted(string):
    return json.dumps(string, ensure_ascii=False)


def _key_text(key):
    return key if isinstance(key, str) else _plain_name(key)


def _plain_name(object):
    """Numbers, times and identifiers as text, any other object by its class alone."""
    if object is None or isinstance(object, (int, float, decimal.Decimal, uuid.UUID)):
        return str(object)
    if isinstance(object, (datetime.datetime, datetime.date)):
        return object.isoformat()
    return "#<%s>" % type(object).__name__
