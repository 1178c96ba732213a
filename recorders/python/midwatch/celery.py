"""Records the life of every Celery task and of its workers. One line turns it on:

    import midwatch.celery

Celery tells one task's story in two processes: the child that runs it, and the parent, which alone
sees that a child was killed or ran out of time. An end is: a postrun that has a state, or a failure
or revocation seen by the parent. A postrun without a state means "interrupted, ask the parent".
"""

import datetime
import resource
import time

from celery import current_app, signals
from celery.beat import Scheduler

from . import logs
from .actor import asker, lineage
from .beat import entry_now, follow_entries
from .celery_parent import failure_seen_by_parent
from .celery_signals import connect, present, time_text
from .clocks import clocks, end_time, took_ms
from .failure import failure_fields
from .given import redacted, secrets_of
from .recorder import current, now_text, recorder

#: Our header on every message; also the attribute under which the task's request holds it.
HEADER = "midwatch"

_open = {}


# --- asking for a run -------------------------------------------------------------------------


@connect(signals.before_task_publish)
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
        job = headers.get("task")
        values, named = redacted(job, _task(job), body[0], body[1])
        headers["argsrepr"] = repr(values)[:1024]
        headers["kwargsrepr"] = repr(named)[:1024]


@connect(signals.after_task_publish)
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
        "due_time": time_text(headers.get("eta")),
        "expires_time": time_text(headers.get("expires")),
        "root_task_id": headers.get("root_id"),
        "group": headers.get("group"),
    }
    recorder.record("job.enqueued", fields, present(attributes))


def _arguments(job, arguments, keywords):
    mode = recorder.arguments_of(job)
    if mode == "none":
        return None
    both = {"args": list(arguments), "kwargs": dict(keywords)}
    if mode == "digest":
        return recorder.redact.digest(both)
    if mode == "shape":
        return recorder.redact.shape(both)
    values, named = redacted(job, _task(job), arguments, keywords)
    return {"args": values, "kwargs": named}


def _task(job):
    """The task of that name, if this program has it."""
    return current_app.tasks.get(job)


# --- an attempt, in the process that runs it --------------------------------------------------


@connect(signals.task_prerun)
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
        "began": clocks(),
        "cpu": time.thread_time_ns(),
        "failure": None,
    }
    recorder.record("job.started", started, present(attributes))


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


@connect(signals.task_failure)
def _failure(sender=None, task_id=None, exception=None, einfo=None, **_):
    attempt = _open.get(task_id)
    if attempt is not None:
        attempt["failure"] = failure_fields(exception, getattr(einfo, "tb", None))
    else:
        failure_seen_by_parent(getattr(sender, "name", None), task_id, exception)


@connect(signals.task_retry)
def _retry(sender=None, request=None, reason=None, einfo=None, **_):
    attempt = _open.get(request.id)
    if attempt is not None:
        cause = getattr(reason, "exc", None) or reason
        attempt["failure"] = failure_fields(cause, getattr(einfo, "tb", None))


@connect(signals.task_postrun)
def _postrun(task_id=None, state=None, retval=None, **_):
    attempt = _open.pop(task_id, None)
    if attempt is None:
        return
    try:
        current.reset(attempt["token"])
    except ValueError:
        current.set(None)
    ended = end_time(attempt["began"])
    fields = dict(attempt["fields"], time=ended)
    fields["duration_ms"] = took_ms(attempt["began"])
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
            next_time = time_text(attempt["mark"]["next_time"]) or now_text()
            recorder.record("job.retried", dict(attempt["fields"], time=ended), {"next_time": next_time})
    elif state in ("IGNORED", "REJECTED"):
        fields["outcome"] = state.lower()
        requeue = True if getattr(retval, "requeue", False) else None
        recorder.record("job.discarded", fields, present({"requeued": requeue}))
    # Any other state: interrupted. The parent says how.


recorder.serve("celery")
follow_entries(Scheduler)
logs.follow_celery()
