"""Whether somebody asked for more log lines for a while: `midwatch debug` reaches us by a file.

The agent writes it into the spool. It is looked at once a second at most, and only when there is a
line that the level or sampling would leave out; an entry that is over says nothing, whether or not it still
stands there; a file that is not the agent's is passed over.
"""

import datetime
import json
import os
import stat
import time

from .recorder import recorder

LOOK_SECONDS = 1.0
_BYTES_MAX = 64 * 1024
_ENTRIES_MAX = 100
#: Nobody debugs for longer.
_SECONDS_MAX = 7 * 24 * 3600


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
            found = os.lstat(path)
            changed = (found.st_ino, found.st_mtime_ns)
            if changed != self._changed:
                self._changed = changed
                self._entries = _read(path) if _is_trusted(found) else ()
        except FileNotFoundError:
            self._changed, self._entries = None, ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._entries = ()


def _is_trusted(found):
    """Other applications may make files in the spool as well."""
    owners = (0, os.geteuid(), os.stat(recorder.settings.spool).st_uid)
    is_written_by_others = bool(found.st_mode & 0o002)
    return stat.S_ISREG(found.st_mode) and found.st_size <= _BYTES_MAX and found.st_uid in owners and not is_written_by_others


def _read(path):
    with open(path, encoding="utf-8") as file:
        entries = json.loads(file.read(_BYTES_MAX)).get("debug") or ()
    latest = time.time() + _SECONDS_MAX
    return tuple((min(_seconds(entry["until"]), latest), entry) for entry in entries[:_ENTRIES_MAX])


def _seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


debug = Debug()
