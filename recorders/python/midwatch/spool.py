"""One spool file a process, one line a record, one raw write a line.

No thread, lock, socket, buffer or exit hook: a fork, a kill or a full disk costs at most the
records of that moment, and how many were dropped is told in the next one that can be written.
Numbers go on over all files of a process, so that a hole among them is seen.
"""

import errno
import itertools
import json
import os
import socket
import stat
import time

FILE_BYTES_MAX = 16 * 1024 * 1024
FILE_SECONDS_MAX = 3600
#: What one process may leave unread on the disk. Beyond it records are dropped and counted.
UNREAD_BYTES_MAX = 64 * 1024 * 1024
RECORD_BYTES_MAX = 128 * 1024
#: What the server takes of an event's attributes.
ATTRIBUTES_BYTES_MAX = 64 * 1024
CHECK_EVERY = 256
RETRY_SECONDS = 5.0
#: A pipe or a link that somebody left under our name must neither block nor lead us astray.
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode


def process_start():
    """Start time of this process in clock ticks since boot; with the pid it names it for ever."""
    try:
        with open("/proc/self/stat", "rb") as file:
            return file.read().rsplit(b") ", 1)[1].split()[19].decode()
    except (OSError, IndexError):
        return str(int(time.time()))


def process_age(start):
    """Seconds since this process started. It counts the first file of a process, so that one which
    replaces its program (and so keeps pid and start time) goes on behind its own earlier files.
    """
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0
    return max(0, int(time.clock_gettime(time.CLOCK_BOOTTIME) - int(start) / os.sysconf("SC_CLK_TCK")))


def _encode_shorter(record):
    """The record without the largest of its attributes, until the server takes them: it would
    refuse the whole event for them, and say so to nobody who runs the application.
    """
    sizes = {name: len(_encode(value)) + len(name) + 4 for name, value in (record.get("attributes") or {}).items()}
    left_out = []
    while sizes and sum(sizes.values()) + 40 * len(left_out) > ATTRIBUTES_BYTES_MAX:
        left_out.append(max(sizes, key=sizes.get))
        del sizes[left_out[-1]]
    if left_out:
        kept = {name: record["attributes"][name] for name in sizes}
        record["attributes"] = {**kept, "too_long": sorted(left_out)}
    return _encode(record)


class _File:
    """A file that is closed when the last thread lets go of it: one that is still writing must not
    find another file under the same number. In a child nobody closes it, for there the number may
    belong to somebody else.
    """

    __slots__ = ("descriptor", "_pid", "_place")

    def __init__(self, path):
        self._pid = os.getpid()
        self._place = None
        self.descriptor = os.open(path, _FLAGS, 0o640)
        found = os.fstat(self.descriptor)
        self._place = found.st_dev, found.st_ino
        if not stat.S_ISREG(found.st_mode):
            raise OSError("no ordinary file")
        # A umask of 077 would shut the agent out.
        os.fchmod(self.descriptor, 0o640)

    def is_named(self):
        """Whether the number still stands for this file, and the file still has a name."""
        found = self._look()
        return found is not None and found.st_nlink > 0

    def _look(self):
        """None where the number stands for nothing, or for another file, by now."""
        try:
            found = os.fstat(self.descriptor)
        except OSError:
            return None
        return found if (found.st_dev, found.st_ino) == self._place else None

    def __del__(self):
        if self._place and os.getpid() == self._pid and self._look():
            os.close(self.descriptor)


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
        self._first = self._number = process_age(self.start)
        self._name_process()
        #: Log lines at info and below; those that sampling left out since it was told, and when it was.
        self.log_lines = 0
        self.left_out = 0
        self.left_out_told = 0.0
        self._file = None
        # One step of the interpreter, so that no two threads get the same number.
        self._numbers = itertools.count(1)
        self._dropped = 0
        self._written = 0
        self._opened = 0.0
        self._retry_at = 0.0

    def _name_process(self):
        self.worker = "%s:%d:%s" % (self.host, self.pid, self.start)
        self.rename()

    def rename(self):
        """Takes up a new kind; only a spool without records may."""
        self.source = "%s@%s/%d" % (self.kind, self.worker, self._first + 1)

    def move(self, directory, host=None):
        """Goes on in another directory, or under another name of this host."""
        self.directory = directory
        self.host = host or socket.gethostname()
        self._name_process()
        self._file = None
        self._retry_at = 0.0

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
        number = next(self._numbers)
        record["source"] = self.source
        record["source_seq"] = number
        try:
            text = _encode(record)
            if len(text) > ATTRIBUTES_BYTES_MAX:
                text = _encode_shorter(record)
            line = b"\n" + text.encode("ascii") + b"\n"
            if len(line) > RECORD_BYTES_MAX:
                raise ValueError("record too long")
            self._write(line, number, sync)
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
    def dropped(self):
        return self._dropped

    @property
    def is_open(self):
        """Whether the last record went into a file, so that the next may as well."""
        return self._file is not None

    def _write(self, line, number, sync):
        file = self._open(number)
        try:
            written = os.write(file.descriptor, line)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
            # Somebody closed it, as those do who make a daemon of this process.
            self._file = None
            file = self._open(number)
            written = os.write(file.descriptor, line)
        if written != len(line):
            raise OSError("short write")
        if sync:
            os.fsync(file.descriptor)

    def _open(self, number):
        now = time.monotonic()
        file = self._file
        if file is not None and not self._is_stale(file, number, now):
            return file
        # Let go of, not closed: another thread may be writing to it at this moment.
        self._file = None
        if now < self._retry_at:
            raise OSError("spool closed for a while")
        try:
            if self._unread_bytes() > UNREAD_BYTES_MAX:
                raise OSError("too much unread")
            return self._open_next(now)
        except OSError:
            self._retry_at = now + RETRY_SECONDS
            raise

    def _is_stale(self, file, number, now):
        if self._written >= FILE_BYTES_MAX or now - self._opened >= FILE_SECONDS_MAX:
            return True
        return number % CHECK_EVERY == 0 and not file.is_named()

    def _open_next(self, now):
        file = _File(self._path(self._number + 1))
        self._number += 1
        self._written = 0
        self._opened = now
        self._file = file
        return file

    def _path(self, number):
        return os.path.join(self.directory, "%s-%d-%s-%d.ndjson" % (self.kind, self.pid, self.start, number))

    def _unread_bytes(self):
        total = 0
        for number in range(max(self._first + 1, self._number - 63), self._number + 1):
            try:
                total += os.stat(self._path(number)).st_size
            except OSError:
                pass
        return total
