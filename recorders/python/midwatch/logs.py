"""Log records as events, with the run and the trace they belong to; and a safe console."""

import json
import logging
import os
import zlib

from .actor import lineage
from .debug import debug
from .given import hide
from .recorder import current, guarded, now_text, recorder

_SEVERITY = ((50, "fatal"), (40, "error"), (30, "warn"), (20, "info"), (10, "debug"), (0, "trace"))
_LEVEL = {"debug": 10, "info": 20, "warn": 30, "error": 40, "off": 1000}
#: Lines from here on are never sampled.
_NEVER_LEFT_OUT = 30
#: Celery's own lines about a task; the one for success prints what the task returned.
_TRACE_LOGGERS = ("celery.app.trace", "celery.worker.strategy")


def severity_of(level):
    return next(name for least, name in _SEVERITY if level >= least)


def safe_text(record):
    """The message of a record, redacted, and without a task's return value."""
    data = getattr(record, "data", None)
    if record.name in _TRACE_LOGGERS and isinstance(data, dict) and "return_value" in data:
        return "Task %s[%s] succeeded in %ss" % (data.get("name"), data.get("id"), data.get("runtime"))
    return recorder.redact.text(hide(record.getMessage()))


def is_sampled(share, run_id, trace_id, number):
    """Whether a line is kept: all lines of one run, else of one trace, go the same way."""
    if share >= 1:
        return True
    return zlib.crc32((run_id or trace_id or str(number)).encode("utf-8", "replace")) < share * 2**32


class Handler(logging.Handler):
    """Writes each record as an event of kind `log`."""

    def emit(self, record):
        self._emit(record)

    @guarded
    def _emit(self, record):
        # One record may reach two of us, by its logger and by the root.
        if getattr(record, "midwatch_seen", False):
            return
        record.midwatch_seen = True
        now = current.get() or {}
        settings = recorder.settings
        is_low = record.levelno < _LEVEL.get(settings.log_level, 20) or getattr(record, "midwatch_debug", False)
        if is_low:
            if settings.log_level == "off" or not debug.wants(now.get("job"), record.name):
                return
        elif record.levelno < _NEVER_LEFT_OUT:
            spool = recorder.spool.current()
            spool.log_lines += 1
            kept = is_sampled(settings.log_sample, now.get("run_id"), now.get("trace_id"), spool.log_lines)
            if not kept and not debug.wants(now.get("job"), record.name):
                recorder.leave_out()
                return
        trace, run = lineage(now)
        fields = {
            "time": now_text(int(record.created * 1_000_000) * 1000),
            "runtime": now.get("runtime") or "python",
            "severity": severity_of(record.levelno),
            "message": safe_text(record)[:16_000],
            "job": now.get("job") or (os.environ.get("MIDWATCH_JOB") if not now else None),
            "run_id": run,
            "attempt": now.get("attempt"),
            "trace_id": trace,
        }
        if record.exc_info and record.exc_info[0]:
            fields["error_class"] = record.exc_info[0].__name__
            fields["error_message"] = recorder.redact.text(hide(str(record.exc_info[1])))[:8000]
        recorder.record("log", fields, {"logger": record.name})


class SafeFormatter(logging.Formatter):
    """One JSON object a line, redacted; for consoles and files that others collect."""

    def format(self, record):
        now = current.get() or {}
        line = {
            "time": now_text(int(record.created * 1_000_000) * 1000),
            "severity": severity_of(record.levelno),
            "logger": record.name,
            "message": safe_text(record),
        }
        for name in ("job", "run_id", "trace_id"):
            if now.get(name):
                line[name] = now[name]
        if record.exc_info and record.exc_info[0]:
            line["error"] = recorder.redact.text(hide(self.formatException(record.exc_info)))
        return json.dumps(line, ensure_ascii=True)


def log_from(logger):
    """Records what `logger`, and the loggers below it, log; what they do otherwise stays as it is."""
    if not any(isinstance(handler, Handler) for handler in logger.handlers):
        logger.addHandler(Handler())
    _follow_debug()


def _follow_debug():
    """A logger leaves a line below its level out before any handler sees it. While `midwatch debug`
    asks for such lines they are made, and handed to our handlers alone.
    """
    enabled, call = logging.Logger.isEnabledFor, logging.Logger.callHandlers
    if getattr(enabled, "follows_debug", False):
        return

    def isEnabledFor(self, level):
        return enabled(self, level) or _is_wanted(self.name)

    def callHandlers(self, record):
        if enabled(self, record.levelno):
            return call(self, record)
        record.midwatch_debug = True
        logger = self
        while logger:
            for handler in logger.handlers:
                if isinstance(handler, Handler):
                    handler.handle(record)
            logger = logger.parent if logger.propagate else None
        return None

    isEnabledFor.follows_debug = True
    logging.Logger.isEnabledFor, logging.Logger.callHandlers = isEnabledFor, callHandlers


@guarded
def _is_wanted(name):
    return debug.wants((current.get() or {}).get("job"), name)


@guarded
def _attach(logger=None, **_):
    if logger is None:
        return
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setFormatter(SafeFormatter())
    log_from(logger)


def follow_celery():
    """After Celery has set its loggers up; never instead of it, which would switch its setup off."""
    from celery import signals

    signals.after_setup_logger.connect(_attach, weak=False)
    signals.after_setup_task_logger.connect(_attach, weak=False)
