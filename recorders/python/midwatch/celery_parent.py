"""What the parent process of a worker sees and no task does: that a child died, that a task was revoked
or is not known; the life of the worker itself, and of beat.
"""

import collections
import itertools
import os
import re
import socket
import time

from celery import signals

from .beat import declared_schedule, follow_changes
from .celery_signals import connect, present
from .clocks import clocks, end_time
from .failure import fingerprint
from .recorder import guarded, recorder

HEARTBEAT_SECONDS = 30
#: Attempts that the parent remembers, to tell which one a dead child took with it, and since when.
RECEIVED_MAX = 10_000

_received = collections.OrderedDict()
_heartbeat_at = 0.0


@connect(signals.task_received)
def _received_by_parent(request=None, **_):
    retries = (getattr(request, "request_dict", None) or {}).get("retries") or 0
    _received[request.id] = (retries + 1, clocks())
    if len(_received) > RECEIVED_MAX:
        _received.popitem(last=False)


def _end_of(received):
    """Which attempt it is that ends, and when, if not now; the child alone knows when it began."""
    return (received[0], end_time(received[1])) if received else (None, None)


@connect(signals.task_revoked)
def _revoked(request=None, terminated=None, signum=None, expired=None, **_):
    attempt, time_of_end = _end_of(_received.get(request.id))
    outcome = "expired" if expired else "terminated" if terminated else "revoked"
    signal_name = getattr(signum, "name", None) or (str(signum) if terminated and signum else None)
    fields = {
        "time": time_of_end,
        "runtime": "celery",
        # A Context when a running task is terminated, a worker's Request when one is dropped.
        "job": getattr(request, "name", None) or getattr(request, "task", None),
        "run_id": request.id,
        "attempt": attempt if terminated else None,
        "outcome": outcome,
        "signal": signal_name,
        # By which the agent knows that the child's run is not lost with the child.
        "worker": recorder.spool.current().worker,
    }
    recorder.record("job.cancelled", fields)


@connect(signals.task_unknown)
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


def failure_seen_by_parent(job, task_id, exception):
    """The child was killed or ran over its hard limit; `sender.request` is not this task's here."""
    name = type(exception).__name__
    is_lost = name == "WorkerLostError"
    text = recorder.redact.text(str(exception))
    killed_by = re.search(r"\((SIG[A-Z]+)\)", text)
    attempt, time_of_end = _end_of(_received.pop(task_id, None))
    fields = {
        "time": time_of_end,
        "runtime": "celery",
        "job": job,
        "run_id": task_id,
        "attempt": attempt,
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


# --- workers and beat -------------------------------------------------------------------------


def _worker(kind, attributes=None, **fields):
    fields = {"runtime": "celery", "worker": recorder.spool.current().worker, **fields}
    recorder.record(kind, fields, present(attributes or {}))


@connect(signals.worker_ready)
def _ready(sender=None, **_):
    pool = type(getattr(sender, "pool", None)).__module__.rpartition(".")[2]
    _worker("worker.started", {"name": getattr(sender, "hostname", None), "pool": pool})


@connect(signals.worker_process_init)
def _child_started(**_):
    _worker("worker.started", {"parent_pid": os.getppid()})


@connect(signals.worker_process_shutdown)
def _child_stopped(exitcode=None, **_):
    _worker("worker.stopped", exit_code=exitcode if isinstance(exitcode, int) else None)


@connect(signals.worker_shutdown)
def _stopped(**_):
    _worker("worker.stopped")


@connect(signals.heartbeat_sent)
def _heartbeat(**_):
    global _heartbeat_at
    now = time.monotonic()
    if now - _heartbeat_at >= HEARTBEAT_SECONDS:
        _heartbeat_at = now
        _worker("worker.heartbeat")


@connect(signals.beat_init)
@connect(signals.beat_embedded_init)
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
