"""How the modules for Celery hear of its signals, and what they share."""

import datetime

from .recorder import guarded


def connect(signal):
    def register(function):
        # weak=False: a handler that nobody else holds would be gone before its first call.
        signal.connect(guarded(function), weak=False)
        return function

    return register


def time_text(value):
    """RFC 3339 in UTC of a datetime or of its text; Celery sends either, with or without a zone."""
    if not value:
        return None
    moment = value
    if not isinstance(moment, datetime.datetime):
        moment = datetime.datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def present(attributes):
    return {name: value for name, value in attributes.items() if value is not None}
