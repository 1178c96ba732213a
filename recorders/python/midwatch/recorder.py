"""Turns what happened into an event and appends it to the spool. Nothing here raises."""

import contextvars
import functools
import os
import sys
import time

from .redact import Redact
from .redact_user import ByJob, read_user_rules
from .settings import Settings
from .spool import Spool

#: What the code that runs now belongs to: a dict with any of trace_id, run_id, attempt, job, actor.
current = contextvars.ContextVar("midwatch_current", default=None)

#: What is aimed at the code that runs now, wherever it stands: Celery's soft time limit, by a signal.
_NOT_OURS = frozenset(("SoftTimeLimitExceeded",))
#: Bytes that the server takes of the fields which an application can make long.
_BYTES_MAX = {
    "job": 512, "queue": 255, "actor": 255, "run_id": 128, "trace_id": 128, "parent_run_id": 128,
    "error_class": 512, "service": 128, "environment": 64, "release": 128, "message": 16_000, "error_stack": 32_000,
}
_TEXT_BYTES_MAX = 8_000
#: Fields that say what an event is; no setting drops them.
_KEPT = frozenset(("job", "run_id", "attempt", "outcome", "severity", "runtime", "worker"))
LEFT_OUT_TOLD_SECONDS = 60

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
        except Exception as error:  # noqa: BLE001 -- nothing of ours may reach the application
            if type(error).__name__ in _NOT_OURS:
                raise
            recorder.faults += 1
            return None

    return call


def _cut(name, text):
    """The text as long as the server takes it; a longer one would cost the whole event."""
    most = _BYTES_MAX.get(name, _TEXT_BYTES_MAX)
    if len(text) * 4 <= most:
        return text
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most else raw[: most - 3].decode("utf-8", "ignore") + "…"


class Recorder:
    """The one recorder of a process tree; the spool behind it follows forks by itself."""

    def __init__(self):
        self.settings = Settings()
        self.faults = self._faults_told = 0
        self.spool = None
        #: What the spool's files are called by: the runtime that this process serves.
        self.kind = "python"
        self._complaints = self.settings.complaints
        for complaint in self._complaints:
            sys.stderr.write("midwatch: %s\n" % complaint)
        self._rules_failed = False
        self._prepare()

    def _prepare(self):
        settings = self.settings
        self._user = self._read_user_rules()
        self._by_job = ByJob(self._user, lambda user, job: Redact(
            key=settings.digest_key, deny=settings.hash_fields or (), drop=settings.drop_fields or (), user=user, job=job,
        ))
        if self.spool is None:
            self.spool = Spool(settings.spool, self.kind, settings.host)
        elif (settings.spool, settings.host or self.spool.host) != (self.spool.directory, self.spool.host):
            self.spool.move(settings.spool, settings.host)
        self._hashed = frozenset(settings.hash_fields or ()) - _KEPT
        self._dropped = frozenset(settings.drop_fields or ()) - _KEPT
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

    def _read_user_rules(self):
        path = self.settings.redaction_rules
        self._rules_failed = False
        if not path:
            return None
        try:
            return read_user_rules(path, self.settings.service)
        except (OSError, ValueError) as error:
            why = "cannot be read: %s" % type(error).__name__ if isinstance(error, OSError) else error
            complaint = "redaction_rules: %s %s; no arguments are recorded" % (path, why)
            sys.stderr.write("midwatch: %s\n" % complaint)
            self._complaints = [*self._complaints, complaint]
            self._rules_failed = True
            return None

    @property
    def redact(self):
        """By the rules that hold for the job that runs now."""
        return self.redact_for((current.get() or {}).get("job"))

    def redact_for(self, job):
        return self._by_job.of(job)

    def rule_of(self, job):
        """Whether only a digest of the job's arguments is kept, and the names and positions that go."""
        if self._rules_failed:
            return True, frozenset()
        return self._user.arguments_of(job) if self._user else (False, frozenset())

    def arguments_of(self, job):
        """How the job's arguments are recorded. What the user has forbidden is not known without the rules."""
        mode = self.settings.arguments_of(job)
        if self._rules_failed:
            return "none"
        return "digest" if mode != "none" and self.rule_of(job)[0] else mode

    def configure(self, **values):
        self.settings.change(values)
        self._prepare()

    def serve(self, kind):
        """Names the runtime of this process, before its first event."""
        self.kind = self.spool.kind = kind
        self.spool.rename()

    def record(self, kind, fields, attributes=None, sync=False):
        """Appends one event. `fields` are those of an event, None meaning absent; True if written."""
        if not self.settings.is_on("enabled"):
            return False
        spool = self.spool.current()
        if spool.is_open and (spool.dropped or self.faults > self._faults_told):
            self._tell_gap(spool)
        if self._complaints:
            self._tell_complaints(spool)
        if spool.left_out and time.monotonic() - spool.left_out_told >= LEFT_OUT_TOLD_SECONDS:
            self._tell_left_out(spool)
        return spool.append(self._event(kind, fields, attributes), sync)

    def leave_out(self):
        """Counts a log line that sampling left out; the number is told with a later event."""
        spool = self.spool.current()
        if not spool.left_out:
            spool.left_out_told = time.monotonic()
        spool.left_out += 1

    def _event(self, kind, fields, attributes):
        event = {"id": uuid7(), "time": fields.pop("time", None) or now_text()}
        event["stream"] = STREAM_OF.get(kind, "jobs")
        event["kind"] = kind
        event.update(self.base)
        for name, value in fields.items():
            if value is not None and value != "" and name not in self._dropped:
                value = self.redact.value(value, name) if name in self._hashed else value
                event[name] = _cut(name, value) if isinstance(value, str) and len(value) > 32 else value
        if attributes:
            event["attributes"] = attributes
        return event

    def _tell(self, spool, severity, message, attributes=None):
        fields = {"severity": severity, "message": message, "runtime": self.kind}
        return spool.append(self._event("log", fields, {"logger": "midwatch", **(attributes or {})}))

    def _tell_complaints(self, spool):
        complaints, self._complaints = self._complaints, []
        for complaint in complaints:
            self._tell(spool, "warn", "A setting is passed over: %s" % self.redact.text(complaint))

    def _tell_left_out(self, spool):
        count, spool.left_out = spool.left_out, 0
        self._tell(spool, "info", "%d log lines were left out by log_sample" % count, {"left_out": count})

    def _tell_gap(self, spool):
        dropped = spool.take_dropped()
        faults = self.faults - self._faults_told
        message = "%d events could not be written to the spool" % dropped
        attributes = {"dropped": dropped}
        if faults:
            message += "; the recorder itself failed %d times" % faults
            attributes["faults"] = faults
        if spool.append(self._event("source.gap", {"severity": "warn", "message": message, "runtime": self.kind}, attributes)):
            self._faults_told += faults
        else:
            # The line that says so has counted itself.
            spool.restore_dropped(dropped - 1)


recorder = Recorder()
