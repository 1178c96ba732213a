"""Sensitive actions, tied to the run, the attempt, the actor and the trace they happened in.

On the disk before the call returns. A value whose name says that it is a secret is not taken at
all, and the event says which ones were refused: a masked secret would suggest that it may be sent.
"""

import contextlib

from .actor import asker, lineage
from .given import hide
from .recorder import current, guarded, recorder


def audit(action, subject=None, **values):
    """Records that `action` happened; True when it is on the disk.

    >>> audit("customer.exported", subject="customer:42", records=1200)
    """
    return bool(_write(action, subject, values, "done"))


@contextlib.contextmanager
def guard(action, subject=None, **values):
    """Records the intent before the block and its outcome after it.

    >>> with guard("customer.erased", subject="customer:42"):
    ...     erase()
    """
    _write(action, subject, values, "intended")
    try:
        yield
    except BaseException as error:
        _write(action, subject, dict(values, error_class=type(error).__name__), "failed")
        raise
    _write(action, subject, values, "done")


@guarded
def _write(action, subject, values, outcome):
    now = current.get() or {}
    subject = None if subject is None else recorder.redact.text(hide(str(subject)))
    taken = {name: value for name, value in values.items() if not recorder.redact.sensitive(name)}
    attributes = {"action": str(action)[:200]}
    if subject is not None:
        attributes["subject"] = subject[:500]
    if taken:
        attributes["values"] = recorder.redact.value(taken)
    refused = sorted(set(values) - set(taken))
    if refused:
        attributes["refused"] = refused
    fields = {
        "runtime": now.get("runtime") or "python",
        "outcome": outcome,
        "severity": "info",
        "message": recorder.redact.text("%s %s %s" % (outcome, action, subject or "")),
    }
    for name in ("job", "attempt", "worker"):
        fields[name] = now.get(name)
    fields["trace_id"], fields["run_id"] = lineage(now)
    # Within a run it is whoever asked for that run.
    fields["actor"] = now["actor"] if isinstance(now.get("actor"), str) else asker(now)
    return recorder.record("audit.action", fields, attributes, sync=True)
