"""What must travel so that a run of another runtime knows who asked for it."""

import time

from .actor import asker, lineage
from .recorder import current, guarded, uuid7


@guarded
def link():
    """The trace, the run that asks, its name, and when (microseconds since 1970), as far as known.

    It goes into a message's header `midwatch`, or its trace and parent into the file that
    `midwatch-run -a FILE` reads: "{trace} {parent}".format(**midwatch.link())
    """
    now = current.get() or {}
    trace, run = lineage(now)
    told = {"trace": trace or uuid7(), "parent": run, "actor": asker(now), "sent": time.time_ns() // 1000}
    return {name: value for name, value in told.items() if value}
