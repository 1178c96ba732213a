"""What is told of an exception: its class, its redacted message, and where it came from."""

import hashlib
import re
import traceback

from .given import hide
from .recorder import recorder

_MESSAGE_LENGTH_MAX = 8000
_STACK_LENGTH_MAX = 32_000
_FRAMES_MAX = 100
_FOREIGN = ("site-packages", "dist-packages", "/celery/", "/django/")
_numbers = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", re.I)


def fingerprint(error_class, message, frame):
    """Groups failures that are the same: class, place, and the message without its numbers."""
    plain = _numbers.sub("#", message or "")[:200]
    return hashlib.sha256("\0".join((error_class or "", frame or "", plain)).encode("utf-8", "replace")).hexdigest()[:16]


def failure_fields(exception, stack=None):
    """The fields `error_class`, `error_message`, `error_stack` and `fingerprint` of an event."""
    name = type(exception).__name__
    module = type(exception).__module__
    full = name if module in ("builtins", None) else "%s.%s" % (module, name)
    text = recorder.redact.text(hide(str(exception)))[:_MESSAGE_LENGTH_MAX]
    stack = stack if stack is not None else exception.__traceback__
    frames = traceback.extract_tb(stack) if stack is not None else []
    own = [frame for frame in frames if not any(part in frame.filename for part in _FOREIGN)]
    place = (own or frames)[-1] if frames else None
    # Frames without their source lines: a line of code may hold a literal secret.
    lines = ["%s:%d in %s" % (frame.filename, frame.lineno, frame.name) for frame in reversed(frames)]
    return {
        "error_class": full,
        "error_message": text,
        "error_stack": recorder.redact.text("\n".join(lines[:_FRAMES_MAX]))[:_STACK_LENGTH_MAX],
        "fingerprint": fingerprint(full, text, "%s:%s" % (place.filename, place.name) if place else None),
    }
