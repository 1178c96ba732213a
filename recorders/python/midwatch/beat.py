"""What beat has declared, and which of its entries sent a message."""

import contextvars

_entry = contextvars.ContextVar("midwatch_beat_entry", default=None)
_CRONTAB_FIELDS = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def entry_now():
    """Name of the schedule entry that is being sent, or None."""
    return _entry.get()


def follow_entries(scheduler_class):
    """Messages do not say which entry sent them, so the entry is noted while it is applied."""
    original = scheduler_class.apply_entry
    if getattr(original, "follows_entries", False):
        return

    def apply_entry(self, entry, producer=None):
        token = _entry.set(getattr(entry, "name", None))
        try:
            return original(self, entry, producer)
        finally:
            _entry.reset(token)

    apply_entry.follows_entries = True
    scheduler_class.apply_entry = apply_entry


def follow_changes(scheduler, tell):
    """A scheduler that reads a database reads it anew when somebody changed it; then `tell` gets the entries."""
    original = getattr(scheduler, "all_as_schedule", None)
    if original is None:
        return

    def all_as_schedule():
        entries = original()
        tell(entries)
        return entries

    scheduler.all_as_schedule = all_as_schedule


def declared_schedule(scheduler, entries, reading):
    """Pairs of task name and attributes, one for each entry. What a newer reading leaves out is gone."""
    application = scheduler.app
    for name, entry in entries.items():
        yield entry.task, {
            "reading": reading,
            "entry": str(name),
            "schedule": _schedule(entry.schedule),
            "scheduler": type(scheduler).__name__,
            "time_zone": str(getattr(entry.schedule, "tz", None) or application.conf.timezone or "UTC"),
        }


def _schedule(schedule):
    if all(hasattr(schedule, "_orig_" + field) for field in _CRONTAB_FIELDS):
        # By name: the order within a crontab's text differs between Celery's versions.
        expression = " ".join(str(getattr(schedule, "_orig_" + field)) for field in _CRONTAB_FIELDS)
        return {"type": "crontab", "expression": expression}
    if hasattr(schedule, "run_every"):
        return {"type": "interval", "every_seconds": schedule.run_every.total_seconds()}
    if hasattr(schedule, "event") and hasattr(schedule, "lat"):
        return {"type": "solar", "event": schedule.event, "latitude": float(schedule.lat), "longitude": float(schedule.lon)}
    if hasattr(schedule, "clocked_time"):
        return {"type": "clocked", "time": schedule.clocked_time.isoformat()}
    return {"type": type(schedule).__name__, "text": repr(schedule)[:200]}
