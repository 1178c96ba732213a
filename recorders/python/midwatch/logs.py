"""Log records as events, with the run and the trace they belong to; and a safe console."""

import json
import logging

from .recorder import current, guarded, now_text, recorder

_SEVERITY = ((50, "fatal"), (40, "error"), (30, "warn"), (20, "info"), (10, "debug"), (0, "trace"))
_LEVEL = {"debug": 10, "info": 20, "warn": 30, "error": 40}
#: Celery's own lines about a task; the one for success prints what the task returned.
_TRACE_LOGGERS = ("celery.app.trace", "celery.worker.strategy")


def severity_of(level):
    return next(name for least, name in _SEVERITY if level >= least)


def safe_text(record):
    """The message of a record, redacted, and without a task's return value."""
    data = getattr(record, "data", None)
    if record.name in _TRACE_LOGGERS and isinstance(data, dict) and "return_value" in data:
        return "Task %s[%s] succeeded in %ss" % (data.get("name"), data.get("id"), data.get("runtime"))
    return recorder.redact.text(record.getMessage())


class Handler(logging.Handler):
    """Writes each record as an event of kind `log`."""

    def emit(self, record):
        self._emit(record)

    @guarded
    def _emit(self, record):
        if record.levelno < _LEVEL.get(recorder.settings.log_level, 20):
            return
        now = current.get() or {}
        fields = {
            "time": now_text(int(record.created * 1_000_000) * 1000),
            "runtime": "python",
            "severity": severity_of(record.levelno),
            "message": safe_text(record)[:16_000],
            "job": now.get("job"),
            "run_id": now.get("run_id"),
            "attempt": now.get("attempt"),
            "trace_id": now.get("trace_id"),
        }
        if record.exc_info and record.exc_info[0]:
            fields["error_class"] = record.exc_info[0].__name__
            fields["error_message"] = recorder.redact.text(str(record.exc_info[1]))[:8000]
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
            line["error"] = recorder.redact.text(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=True)


@guarded
def _attach(logger=None, **_):
    if logger is None:
        return
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setFormatter(SafeFormatter())
    if not any(isinstance(handler, Handler) for handler in logger.handlers):
        logger.addHandler(Handler())


def follow_celery():
    """After Celery has set its loggers up; never instead of it, which would switch its setup off."""
    from celery import signals

    signals.after_setup_logger.connect(_attach, weak=False)
    signals.after_setup_task_logger.connect(_attach, weak=False)
