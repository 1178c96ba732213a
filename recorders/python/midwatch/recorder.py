"""Turns what happened into an event and appends it to the spool. Nothing here raises."""

import contextvars
import functools
import hashlib
import os
import re
import time

from .redact import Redact
from .settings import Settings
from .spool import Spool

#: What the code that runs now belongs to: a dict with any of trace_id, run_id, attempt, job, actor.
current = contextvars.ContextVar("midwatch_current", default=None)

STREAM_OF = {"log": "logs", "audit.action": "audit", "http.request": "http", "source.gap": "logs"}
_second = (-1, "")


def now_text(nanoseconds=None):
    """RFC 3339 in UTC with microseconds."""
    global _second
    micros = (nanoseconds if nanoseconds is not None else time.time_ns()) // 1000
    second, rest = divmod(micros, 1_000_000)
    if _second[0] != second:
        _second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
    return "%s.%06dZ" % (_second[1], rest)


def uuid7():
    """UUIDv7 (RFC 9562)."""
    random = bytearray(os.urandom(10))
    random[0] = random[0] & 0x0F | 0x70
    random[2] = random[2] & 0x3F | 0x80
    text = "%012x%s" % (time.time_ns() // 1_000_000, random.hex())
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def guarded(function):
    """A recorder's fault is counted, never raised: the application must not notice."""

    @functools.wraps(function)
    def call(*words, **names):
        try:
            return function(*words, **names)
        except Exception:  # noqa: BLE001 -- P1: nothing may reach the application
            recorder.faults += 1
            return None

    return call


class Recorder:
    """The one recorder of a process tree; the spool behind it follows forks by itself."""

    def __init__(self):
        self.settings = Settings()
        self.faults = 0
        self._prepare()

    def _prepare(self):
        settings = self.settings
        key = settings.digest_key
        self.redact = Redact(key=key.encode() if isinstance(key, str) else key)
        self.spool = Spool(settings.spool, "celery", settings.host)
        self.base = {
            name: value
            for name, value in (
                ("service", settings.service),
                ("environment", settings.environment),
                ("release", settings.release),
                ("host", self.spool.host),
            )
            if value
        }

    def configure(self, **values):
        self.settings.change(values)
        self._prepare()

    def record(self, kind, fields, attributes=None, sync=False):
        """Appends one event. `fields` are those of an event, None meaning absent; True if written."""
        if not self.settings.is_on("enabled"):
            return False
        spool = self.spool.current()
        if spool.has_dropped:
            self._tell_gap(spool)
        return spool.append(self._event(kind, fields, attributes), sync)

    def _event(self, kind, fields, attributes):
        event = {"id": uuid7(), "time": fields.pop("time", None) or now_text()}
        event["stream"] = STREAM_OF.get(kind, "jobs")
        event["kind"] = kind
        event.update(self.base)
        for name, value in fields.items():
            if value is not None and value != "":
                event[name] = value
        if attributes:
            event["attributes"] = attributes
        return event

    def _tell_gap(self, spool):
        dropped = spool.take_dropped()
        message = "%d events could not be written to the spool" % dropped
        gap = {"severity": "warn", "message": message, "runtime": "celery"}
        if not spool.append(self._event("source.gap", gap, {"dropped": dropped})):
            spool.restore_dropped(dropped)


recorder = Recorder()

_numbers = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d+", re.I)


def fingerprint(error_class, message, frame):
    """Groups failures that are the same: class, place, and the message without its numbers."""
    plain = _numbers.sub("#", message or "")[:200]
    return hashlib.sha256("\0".join((error_class or "", frame or "", plain)).encode("utf-8", "replace")).hexdigest()[:16]
