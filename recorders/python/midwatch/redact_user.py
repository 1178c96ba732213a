"""The rules of the user, as ``midwatch redact rules --json`` has checked and written them.

Patterns in that file mean the same to every engine and are bounded; none other may stand in it.
"""

import json
import re

from .redact_key import split_key

_BYTES_MAX = 4 * 1024 * 1024
_SCOPES_MAX = 64


class UserRules:
    """The rules that hold for one service; raises ValueError when the file cannot be taken as it is."""

    def __init__(self, compiled, service):
        if not isinstance(compiled, dict) or compiled.get("version") != 1:
            raise ValueError("is no file of `midwatch redact rules --json`")
        try:
            service = service or ""
            self._keys = [entry for entry in compiled["keys"] if _holds(entry, "services", service)]
            self._patterns = [entry for entry in compiled["patterns"] if _holds(entry, "services", service)]
            self._jobs = [
                (entry, entry["digest"], frozenset(entry["hide"]))
                for entry in compiled["jobs"]
                if _holds(entry, "services", service)
            ]
            self._classes = {name: {"verdict": str(verdict)} for name, verdict in compiled["classes"].items()}
            self._allowed_keys = [" ".join(split_key(key.encode("utf-8"))) for key in compiled["allow"]["keys"]]
            self._allowed_values = frozenset(value.encode("utf-8") for value in compiled["allow"]["values"])
            for entry in self._patterns:
                re.compile(entry["pattern"].encode("ascii"))
            self._scoped = [entry for entry in self._keys + self._patterns if "jobs" in entry]
        except (KeyError, TypeError, AttributeError, UnicodeError, re.error) as error:
            raise ValueError("is damaged: %s" % type(error).__name__) from None

    def scope(self, job):
        """What tells jobs apart for which different rules hold."""
        return tuple(_holds(entry, "jobs", job or "") for entry in self._scoped) if self._scoped else ()

    def added_to(self, rules, job):
        """The built-in rules with those that hold for the job."""
        keys = {
            entry["id"]: {"when": "any", "class": entry["class"], "words": entry["words"]}
            for entry in self._keys
            if _holds(entry, "jobs", job or "")
        }
        return dict(
            rules,
            classes=dict(rules["classes"], **self._classes),
            keys=dict(rules["keys"], **keys),
            allowedKeys=self._allowed_keys,
            allowedValues=self._allowed_values,
            patterns=[entry for entry in self._patterns if _holds(entry, "jobs", job or "")],
        )

    def arguments_of(self, job):
        """Whether only a digest of the job's arguments is kept, and the names and positions that go."""
        for entry, digest, hide in self._jobs:
            if _holds(entry, "jobs", job or ""):
                return digest, hide
        return False, frozenset()


class ByJob:
    """A ``Redact`` for each set of jobs that the rules tell apart; ``make`` builds one from rules and a job."""

    def __init__(self, user, make):
        self._user = user
        self._make = make
        self._known = {}

    def of(self, job):
        scope = self._user.scope(job) if self._user else ()
        found = self._known.get(scope)
        if found is None:
            if len(self._known) >= _SCOPES_MAX:
                self._known = {}
            found = self._known[scope] = self._make(self._user, job)
        return found


def read_user_rules(path, service):
    """Raises OSError or ValueError."""
    with open(path, "rb") as file:
        data = file.read(_BYTES_MAX + 1)
    if len(data) > _BYTES_MAX:
        raise ValueError("has more than %d bytes" % _BYTES_MAX)
    try:
        compiled = json.loads(data)
    except ValueError:
        raise ValueError("is no JSON; `midwatch redact rules --json` makes it of YAML") from None
    return UserRules(compiled, service)


def _holds(entry, name, text):
    patterns = entry.get(name)
    return patterns is None or any(_matches(pattern, text) for pattern in patterns)


def _matches(pattern, text):
    """``*`` stands for any text; linear in the text for each part between two stars."""
    first, *parts = pattern.split("*")
    if not parts:
        return text == pattern
    last = parts.pop()
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    at = len(first)
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(last) >= at and text.endswith(last)
