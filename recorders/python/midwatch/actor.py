"""Who or what asks for a run: a run, a request's user, a cron line, a console, a program."""

import os
import re
import sys

_WORD = re.compile(r"[\w.-]{1,40}")


def asker(now):
    """The name of whoever asks, as what `current` holds and the way this program was started tell."""
    if now.get("job"):
        return now["job"]
    actor = now.get("actor")
    if callable(actor):
        actor = actor()
    if actor:
        return actor
    # A wrapped cron line, or another program that runs as part of a run.
    if os.environ.get("MIDWATCH_JOB"):
        return os.environ["MIDWATCH_JOB"]
    program = os.path.basename(sys.argv[0] or "") or "python"
    if hasattr(sys, "ps1") or program in ("ipython", "-c"):
        return "console: %s" % os.environ.get("USER", "unknown")
    words = [word for word in sys.argv[1:2] if _WORD.fullmatch(word)]
    return " ".join([program, *words])


def lineage(now):
    """The trace and the run that this code belongs to, or None: its own, else its program's."""
    run = now.get("run_id") or os.environ.get("MIDWATCH_RUN_ID")
    return now.get("trace_id") or os.environ.get("MIDWATCH_TRACE_ID") or run, run
