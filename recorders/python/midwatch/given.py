"""What a task is given: the names of its positional arguments, and the secrets among them.

A positional argument is known for a secret by the name that the task gives it. What the task then
says of it, in an error or a line, has no name beside it any more; so such texts lose the very
values that the task was given.
"""

import inspect
import re

from .recorder import current, guarded, recorder

_MARK = "[REDACTED:secret]"
#: Shorter ones stand in many a text by chance.
_SECRET_LENGTH_MIN = 6
_SECRET_LENGTH_MAX = 1024
_SECRETS_MAX = 50
_DEPTH_MAX = 8


def redacted(job, task, arguments, keywords):
    """Positional arguments and keywords, each redacted as what it is called."""
    names = _names(task)
    redact = recorder.redact_for(job)
    digest, hide = recorder.rule_of(job)
    if digest:
        return [_MARK], {}
    hide = hide | {place for place, name in enumerate(names) if name in hide}
    given = redact.without({"args": list(arguments), "kwargs": dict(keywords)}, hide)
    values = [
        redact.value(value, key=names[place] if place < len(names) else None)
        for place, value in enumerate(given["args"])
    ]
    return values, redact.value(given["kwargs"])


@guarded
def secrets_of(task, arguments, keywords):
    """A pattern of the secrets that a task is given; None if there are none."""
    found = []
    names = _names(task)
    digest, hide = recorder.rule_of(task.name)
    redact = recorder.redact_for(task.name)

    def is_secret(name):
        return digest or name in hide or redact.sensitive(name)

    for place, value in enumerate(arguments):
        secret = place in hide or (is_secret(names[place]) if place < len(names) else digest)
        _collect(value, secret, found, 0, is_secret)
    _collect(keywords, digest, found, 0, is_secret)
    if not found:
        return None
    return re.compile("|".join(re.escape(text) for text in sorted(set(found), key=len, reverse=True)))


def hide(text):
    """The text without the secrets that the code which runs now was given."""
    pattern = (current.get() or {}).get("secrets")
    return text if pattern is None else pattern.sub(_MARK, text)


def _names(task):
    """Of the positional parameters; empty where the task is not of this program."""
    try:
        parameters = inspect.signature(task.run).parameters.values()
    except Exception:  # noqa: BLE001 -- whatever is wrong with it, the task goes on
        return []
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]


def _collect(value, secret, found, depth, is_secret):
    if len(found) >= _SECRETS_MAX or depth > _DEPTH_MAX:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _collect(item, secret or is_secret(key), found, depth + 1, is_secret)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, secret, found, depth + 1, is_secret)
    elif secret and isinstance(value, (str, int)) and not isinstance(value, bool):
        text = str(value)
        if _SECRET_LENGTH_MIN <= len(text) <= _SECRET_LENGTH_MAX:
            found.append(text)
