"""Whether somebody asked for more log lines for a while: `midwatch debug` reaches us by a file.

The agent writes it into the spool. It is looked at once a second at most, and only when there is a
line that the level or sampling would leave out; an entry that is over says nothing, whether or not it still
stands there.
"""

import datetime
import json
import os
import time

from .recorder import recorder

LOOK_SECONDS = 1.0
_BYTES_MAX = 64 * 1024


class Debug:
    def __init__(self):
        self._looked = -LOOK_SECONDS
        self._changed = None
        self._entries = ()

    def wants(self, job, logger):
        """Whether a line of this job and logger is to be recorded whatever the level and sampling say."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        if not self._entries:
            return False
        said = {"service": recorder.settings.service, "job": job, "logger": logger}
        moment = time.time()
        return any(
            until > moment and all(entry.get(key) in (None, value) for key, value in said.items())
            for until, entry in self._entries
        )

    def _look(self):
        path = os.path.join(recorder.settings.spool, "control.json")
        try:
            changed = os.stat(path).st_mtime_ns
            if changed != self._changed:
                self._changed = changed
                with open(path, encoding="utf-8") as file:
                    entries = json.loads(file.read(_BYTES_MAX)).get("debug") or ()
                self._entries = tuple((_seconds(entry["until"]), entry) for entry in entries)
        except FileNotFoundError:
            self._changed, self._entries = None, ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._entries = ()


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


debug = Debug()
