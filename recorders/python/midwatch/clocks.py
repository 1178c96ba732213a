"""How long something took, and when it ended, though the time of day may be set meanwhile."""

import time

from .recorder import now_text


def clocks():
    """The time of day, and the time that nobody sets; in nanoseconds."""
    return time.time_ns(), time.perf_counter_ns()


def took_ms(before):
    return round((time.perf_counter_ns() - before[1]) / 1e6, 3)


def end_time(before):
    """Where the time of day was set back since `before`, the end comes when it would have come: an
    end before its start would be no end. None, for now, otherwise.
    """
    day, steady = clocks()
    return now_text(before[0] + steady - before[1]) if day < before[0] else None
