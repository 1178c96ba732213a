"""One spool file a process, one line a record, one raw write a line.

No thread, lock, socket, buffer or exit hook: a fork, a kill or a full disk costs at most the
records of that moment, and how many were dropped is told in the next one that can be written.
"""

import json
import os
import socket
import time

FILE_BYTES_MAX = 16 * 1024 * 1024
FILE_SECONDS_MAX = 3600
#: What one process may leave unread on the disk. Beyond it records are dropped and counted.
UNREAD_BYTES_MAX = 64 * 1024 * 1024
RECORD_BYTES_MAX = 128 * 1024
CHECK_EVERY = 256
RETRY_SECONDS = 5.0

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def process_start():
    """Start time of this process in clock ticks since boot; with the pid it names it for ever."""
    try:
        with open("/proc/self/stat", "rb") as stat:
            return stat.read().rsplit(b") ", 1)[1].split()[19].decode()
    except (OSError, IndexError):
        return str(int(time.time()))


class Spool:
    """The spool file of whatever process calls; opened at the first record, again after a fork."""

    def __init__(self, directory, kind, host=None):
        self.directory = directory
        self.kind = kind
        self.host = host or socket.gethostname()
        self._reset()

    def _reset(self):
        self.pid = os.getpid()
        self.start = process_start()
        self.worker = "%s:%d:%s" % (self.host, self.pid, self.start)
        self.rename()
        #: Log lines at info and below; those that sampling left out since it was told, and when it was.
        self.log_lines = 0
        self.left_out = 0
        self.left_out_told = 0.0
        # Never closed here: after a fork or a detach the number may belong to somebody else.
        self._descriptor = None
        self._number = 0
        self._sequence = 0
        self._dropped = 0
        self._written = 0
        self._opened = 0.0
        self._retry_at = 0.0

    def rename(self):
        """Takes up a new kind; only a spool without records may."""
        self.source = "%s@%s" % (self.kind, self.worker)

    def current(self):
        """This spool, as the process that calls sees it."""
        if os.getpid() != self.pid:
            self._reset()
        return self

    def append(self, record, sync=False):
        """Writes one record, a dict of JSON values; True when it is in the file.

        `source` and `source_seq` are added. With `sync` it is on the disk when this returns.
        """
        self.current()
        self._sequence += 1
        record["source"] = self.source
        record["source_seq"] = self._sequence
        try:
            line = b"\n" + _encode(record).encode("ascii") + b"\n"
            if len(line) > RECORD_BYTES_MAX:
                raise ValueError("record too long")
            descriptor = self._open()
            if os.write(descriptor, line) != len(line):
                raise OSError("short write")
            if sync:
                os.fsync(descriptor)
        except (OSError, ValueError, TypeError, RecursionError):
            self._dropped += 1
            return False
        self._written += len(line)
        return True

    def take_dropped(self):
        """How many records were dropped since the last call that found a writable file."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def restore_dropped(self, dropped):
        """Puts back a count that could not be told after all."""
        self._dropped += dropped

    @property
    def has_dropped(self):
        return self._dropped > 0 and self._descriptor is not None

    def _open(self):
        now = time.monotonic()
        if self._descriptor is not None:
            if self._sequence % CHECK_EVERY == 0 and os.fstat(self._descriptor).st_nlink == 0:
                self._close()
            elif self._written < FILE_BYTES_MAX and now - self._opened < FILE_SECONDS_MAX:
                return self._descriptor
            else:
                self._close()
        if now < self._retry_at:
            raise OSError("spool closed for a while")
        try:
            if self._unread_bytes() > UNREAD_BYTES_MAX:
                raise OSError("too much unread")
            return self._open_next(now)
        except OSError:
            self._retry_at = now + RETRY_SECONDS
            raise

    def _open_next(self, now):
        self._number += 1
        name = "%s-%d-%s-%d.ndjson" % (self.kind, self.pid, self.start, self._number)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(os.path.join(self.directory, name), flags, 0o640)
        # A umask of 077 would shut the agent out.
        os.fchmod(self._descriptor, 0o640)
        self._written = 0
        self._opened = now
        return self._descriptor

    def _close(self):
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)

    def _unread_bytes(self):
        total = 0
        for number in range(max(1, self._number - 63), self._number + 1):
            name = "%s-%d-%s-%d.ndjson" % (self.kind, self.pid, self.start, number)
            try:
                total += os.stat(os.path.join(self.directory, name)).st_size
            except OSError:
                pass
        return total
