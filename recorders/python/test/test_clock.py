"""The time of day is set back by an hour while a task runs."""

import importlib.util
import json
import os
import sys
import tempfile
import time
import types
import unittest
from unittest.mock import patch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

_SPOOL = tempfile.TemporaryDirectory()
os.environ["MIDWATCH_SPOOL"] = _SPOOL.name

import midwatch  # noqa: E402 -- the spool is named first
from midwatch.recorder import recorder  # noqa: E402

_HOUR = 3600 * 1_000_000_000
_true_time = time.time_ns


def set_back():
    patch("time.time_ns", lambda: _true_time() - _HOUR).start()


@unittest.skipUnless(importlib.util.find_spec("celery"), "Celery is not installed")
class ClockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import celery

        import midwatch.celery  # noqa: F401 -- turns recording on

        cls.application = celery.Celery("clock", set_as_current=False)

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.before = recorder.settings.spool
        midwatch.configure(spool=self.folder.name)
        self.addCleanup(patch.stopall)
        self.addCleanup(midwatch.configure, spool=self.before)

    def times(self):
        """The events of the test in the order of their writing: their kinds, and their times."""
        found = []
        for name in sorted(os.listdir(self.folder.name)):
            with open(os.path.join(self.folder.name, name), encoding="utf-8") as file:
                found += [json.loads(line) for line in file if line.strip()]
        return [event["kind"] for event in found], [event["time"] for event in found]

    def test_an_end_stays_behind_its_start(self):
        task = self.application.task(name="clock.succeeds")(set_back)
        task.apply()
        kinds, times = self.times()
        self.assertEqual(["job.started", "job.succeeded"], kinds)
        self.assertEqual(sorted(times), times)

    def test_so_does_one_that_is_tried_again(self):
        def fails(self):
            if self.request.retries == 0:
                set_back()
                raise self.retry(exc=ValueError("not yet"), countdown=0)

        task = self.application.task(bind=True, name="clock.retries", max_retries=1)(fails)
        task.apply()
        kinds, times = self.times()
        self.assertEqual(["job.started", "job.failed", "job.retried"], kinds[:3])
        self.assertEqual(sorted(times[:3]), times[:3])

    def test_and_one_that_only_the_parent_sees(self):
        from midwatch import celery_parent

        request = types.SimpleNamespace(id="run-1", request_dict={"retries": 0})
        celery_parent._received_by_parent(request=request)
        recorder.record("job.started", {"run_id": "run-1"})
        set_back()
        lost = type("WorkerLostError", (Exception,), {})("Worker exited prematurely: signal 9 (SIGKILL)")
        celery_parent.failure_seen_by_parent("clock.lost", "run-1", lost)
        kinds, times = self.times()
        self.assertEqual(["job.started", "job.lost"], kinds)
        self.assertEqual(sorted(times), times)


if __name__ == "__main__":
    unittest.main()
