"""Records the life of every Celery task and of its workers. One line turns it on:

    import midwatch.celery

Celery tells one task's story in two processes: the child that runs it, and the parent, which alone
sees that a child was killed or ran out of time. An end is: a postrun that has a state, or a failure
or revocation seen by the parent. A postrun without a state means "interrupted, ask the parent".
"""

import collections
import datetime
import itertools
import os
import re
import resource
import socket
import time

from celery import current_app, signals
from celery.beat import Scheduler

from . import logs
from .actor import asker, lineage
from .beat import declared_schedule, entry_now, follow_changes, follow_entries
from .failure import failure_fields, fingerprint
from .given import redacted, secrets_of
from .recorder import current, guarded, now_text, recorder

#: Our header on every message; also the attribute under which the task's request holds it.
HEADER = "midwatch"
HEARTBEAT_SECONDS = 30
#: Attempts that the parent remembers, to tell which one a dead child took with it.
RECEIVED_MAX = 10_000

_open = {}
_received = collections.OrderedDict()
_heartbeat_at = 0.0


def _connect(signal):
    def register(function):
        # weak=False: a handler that nobody else holds would be gone before its first call.
        signal.connect(guarded(function), weak=False)
        return function

    return register


# --- asking for a run -------------------------------------------------------------------------


@_connect(signals.before_task_publish)
def _before_publish(headers=None, body=None, **_):
    if not headers:
        return
    now = current.get() or {}
    trace, run = lineage(now)
    if headers.get("retries") and now.get("run_id") == headers.get("id"):
        header = dict(now["header"] or {}, sent=time.time_ns() // 1000)
        now["next_time"] = headers.get("eta")
    else:
        entry = entry_now()
        header = {
            "trace": trace or headers.get("root_id") or headers.get("id"),
            "parent": run,
            "actor": "beat: %s" % entry if entry else asker(now),
            "sent": time.time_ns() // 1000,
        }
    headers[HEADER] = {name: value for name, value in header.items() if value is not None}
    if recorder.settings.is_on("redact_broker") and isinstance(body, (tuple, list)) and len(body) > 1:
        values, named = redacted(_task(headers.get("task")), body[0], body[1])
        headers["argsrepr"] = repr(values)[:1024]
        headers["kwargsrepr"] = repr(named)[:1024]


@_connect(signals.after_task_publish)
def _after_publish(headers=None, body=None, routing_key=None, **_):
    # A retry is no new run: the attempt that asked for it says so itself.
    if not headers or headers.get("retries"):
        return
    header = headers.get(HEADER) or {}
    arguments, keywords = (list(body[0]), dict(body[1])) if isinstance(body, (tuple, list)) else ([], {})
    fields = {
        "runtime": "celery",
        "job": headers.get("task"),
        "run_id": headers.get("id"),
        "parent_run_id": header.get("parent"),
        "trace_id": header.get("trace"),
        "queue": routing_key,
        "actor": header.get("actor"),
    }
    attributes = {
        "arguments": _arguments(headers.get("task"), arguments, keywords),
        "due_time": _time_text(headers.get("eta")),
        "expires_time": _time_text(headers.get("expires")),
        "root_task_id": headers.get("root_id"),
        "group": headers.get("group"),
    }
    recorder.record("job.enqueued", fields, _present(attributes))


def _arguments(job, arguments, keywords):
    mode = recorder.settings.arguments_of(job)
    if mode == "none":
        return None
    both = {"args": list(arguments), "kwargs": dict(keywords)}
    if mode == "digest":
        return recorder.redact.digest(both)
    if mode == "shape":
        return recorder.redact.shape(both)
    values, named = redacted(_task(job), arguments, keywords)
    return {"args": values, "kwargs": named}


def _task(job):
    """The task of that name, if this program has it."""
    return current_app.tasks.get(job)


# --- an attempt, in the process that runs it --------------------------------------------------


@_connect(signals.task_prerun)
def _prerun(task_id=None, task=None, args=(), kwargs=None, **_):
    request = task.request
    header = getattr(request, HEADER, None)
    header = header if isinstance(header, dict) else {}
    parent = header.get("parent")
    if parent is None and request.parent_id != task_id:
        parent = request.parent_id
    fields = {
        "runtime": "celery",
        "job": task.name,
        "run_id": task_id,
        "attempt": (request.retries or 0) + 1,
        "parent_run_id": parent,
        "trace_id": header.get("trace") or request.root_id or task_id,
        "queue": (request.delivery_info or {}).get("routing_key"),
        "priority": (request.delivery_info or {}).get("priority"),
        "worker": recorder.spool.current().worker,
        "actor": header.get("actor"),
    }
    started = dict(fields, wait_ms=_wait_ms(header.get("sent"), request.eta))
    attributes = {"redelivered": (request.delivery_info or {}).get("redelivered") or None}
    if request.is_eager or not header:
        attributes["arguments"] = _arguments(task.name, args or (), kwargs or {})
    mark = {**fields, "header": header, "next_time": None, "secrets": secrets_of(task, args or (), kwargs or {})}
    _open[task_id] = {
        "fields": fields,
        "mark": mark,
        "token": current.set(mark),
        "started": time.perf_counter_ns(),
        "cpu": time.thread_time_ns(),
        "failure": None,
    }
    recorder.record("job.started", started, _present(attributes))


def _wait_ms(sent, eta):
    if not isinstance(sent, (int, float)):
        return None
    due = sent
    if eta:
        try:
            moment = datetime.datetime.fromisoformat(str(eta).replace("Z", "+00:00"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=datetime.timezone.utc)
            due = max(due, moment.timestamp() * 1e6)
        except ValueError:
            pass
    return max(0.0, round((time.time_ns() // 1000 - due) / 1000, 3))


@_connect(signals.task_failure)
def _failure(sender=None, task_id=None, exception=None, einfo=None, **_):
    attempt = _open.get(task_id)
    if attempt is not None:
        attempt["failure"] = failure_fields(exception, getattr(einfo, "tb", None))
    else:
        _failure_seen_by_parent(getattr(sender, "name", None), task_id, exception)


def _failure_seen_by_parent(job, task_id, exception):
    """The child was killed or ran over its hard limit; `sender.request` is not this task's here."""
    name = type(exception).__name__
    is_lost = name == "WorkerLostError"
    text = recorder.redact.text(str(exception))
    killed_by = re.search(r"\((SIG[A-Z]+)\)", text)
    fields = {
        "runtime": "celery",
        "job": job,
        "run_id": task_id,
        "attempt": _received.pop(task_id, None),
        "outcome": "lost" if is_lost else "failed",
        "signal": killed_by.group(1) if killed_by else None,
        "error_class": name,
        "error_message": text,
        "fingerprint": fingerprint(name, text, job),
        "severity": "error",
        "message": "The worker process that ran %s died: %s" % (job, text) if is_lost else None,
        # By which the agent knows that the child's run has ended with the child.
        "worker": recorder.spool.current().worker,
    }
    recorder.record("job.lost" if is_lost else "job.failed", fields)


@_connect(signals.task_retry)
def _retry(sender=None, request=None, reason=None, einfo=None, **_):
    attempt = _open.get(request.id)
    if attempt is not None:
        cause = getattr(reason, "exc", None) or reason
        attempt["failure"] = failure_fields(cause, getattr(einfo, "tb", None))


@_connect(signals.task_postrun)
def _postrun(task_id=None, state=None, retval=None, **_):
    attempt = _open.pop(task_id, None)
    if attempt is None:
        return
    try:
        current.reset(attempt["token"])
    except ValueError:
        current.set(None)
    fields = dict(attempt["fields"])
    fields["duration_ms"] = round((time.perf_counter_ns() - attempt["started"]) / 1e6, 3)
    fields["cpu_ms"] = round((time.thread_time_ns() - attempt["cpu"]) / 1e6, 3)
    fields["max_rss_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if state == "SUCCESS":
        recorder.record("job.succeeded", dict(fields, outcome="succeeded"))
    elif state in ("FAILURE", "RETRY"):
        ends = {"outcome": "failed" if state == "FAILURE" else "retrying", "severity": "error"}
        if state == "RETRY":
            ends["severity"] = "warn"
        recorder.record("job.failed", {**fields, **(attempt["failure"] or {}), **ends})
        if state == "RETRY":
            next_time = _time_text(attempt["mark"]["next_time"]) or now_text()
            recorder.record("job.retried", dict(attempt["fields"]), {"next_time": next_time})
    elif state in ("IGNORED", "REJECTED"):
        fields["outcome"] = state.lower()
        requeue = True if getattr(retval, "requeue", False) else None
        recorder.record("job.discarded", fields, _present({"requeued": requeue}))
    # Any other state: interrupted. The parent says how.


# --- what only the parent process of a worker sees --------------------------------------------


@_connect(signals.task_received)
def _received_by_parent(request=None, **_):
    retries = (getattr(request, "request_dict", None) or {}).get("retries") or 0
    _received[request.id] = retries + 1
    if len(_received) > RECEIVED_MAX:
        _received.popitem(last=False)


@_connect(signals.task_revoked)
def _revoked(request=None, terminated=None, signum=None, expired=None, **_):
    outcome = "expired" if expired else "terminated" if terminated else "revoked"
    signal_name = getattr(signum, "name", None) or (str(signum) if terminated and signum else None)
    fields = {
        "runtime": "celery",
        # A Context when a running task is terminated, a worker's Request when one is dropped.
        "job": getattr(request, "name", None) or getattr(request, "task", None),
        "run_id": request.id,
        "attempt": _received.get(request.id) if terminated else None,
        "outcome": outcome,
        "signal": signal_name,
        # By which the agent knows that the child's run is not lost with the child.
        "worker": recorder.spool.current().worker,
    }
    recorder.record("job.cancelled", fields)


@_connect(signals.task_unknown)
def _unknown(name=None, id=None, **_):  # noqa: A002 -- Celery's own name
    text = "No task of this name is registered in this worker; Celery dropped the message."
    fields = {
        "runtime": "celery",
        "job": name,
        "run_id": id,
        "outcome": "failed",
        "error_class": "celery.exceptions.NotRegistered",
        "error_message": text,
        "fingerprint": fingerprint("NotRegistered", name, None),
        "severity": "error",
        "worker": recorder.spool.current().worker,
    }
    recorder.record("job.failed", fields)


# --- workers and beat -------------------------------------------------------------------------


def _worker(kind, attributes=None, **fields):
    fields = {"runtime": "celery", "worker": recorder.spool.current().worker, **fields}
    recorder.record(kind, fields, _present(attributes or {}))


@_connect(signals.worker_ready)
def _ready(sender=None, **_):
    pool = type(getattr(sender, "pool", None)).__module__.rpartition(".")[2]
    _worker("worker.started", {"name": getattr(sender, "hostname", None), "pool": pool})


@_connect(signals.worker_process_init)
def _child_started(**_):
    _worker("worker.started", {"parent_pid": os.getppid()})


@_connect(signals.worker_process_shutdown)
def _child_stopped(exitcode=None, **_):
    _worker("worker.stopped", exit_code=exitcode if isinstance(exitcode, int) else None)


@_connect(signals.worker_shutdown)
def _stopped(**_):
    _worker("worker.stopped")


@_connect(signals.heartbeat_sent)
def _heartbeat(**_):
    global _heartbeat_at
    now = time.monotonic()
    if now - _heartbeat_at >= HEARTBEAT_SECONDS:
        _heartbeat_at = now
        _worker("worker.heartbeat")


@_connect(signals.beat_init)
@_connect(signals.beat_embedded_init)
def _beat_started(sender=None, **_):
    scheduler = getattr(sender, "scheduler", sender)
    readings = itertools.count(1)

    @guarded
    def declare(entries):
        reading = "%s %d" % (recorder.spool.current().worker, next(readings))
        for job, attributes in declared_schedule(scheduler, entries, reading):
            recorder.record("schedule.declared", {"runtime": "celery", "job": job}, attributes)

    declare(scheduler.schedule)
    follow_changes(scheduler, declare)
    _worker("worker.started", {"name": "beat@%s" % socket.gethostname()})


# --- small things -----------------------------------------------------------------------------


def _time_text(value):
    """RFC 3339 in UTC of a datetime or of its text; Celery sends either, with or without a zone."""
    if not value:
        return None
    moment = value
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _present(attributes):
    return {name: value for name, value in attributes.items() if value is not None}


recorder.serve("celery")
follow_entries(Scheduler)
logs.follow_celery()
