"""Recording never hurts the application, whatever is wrong with the recorder or its disk."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
_PACKAGE = os.path.join(_HERE, "..")
sys.path.insert(0, _PACKAGE)

import midwatch  # noqa: E402 -- the package lies beside its tests
from midwatch import spool as spool_module  # noqa: E402
from midwatch.recorder import guarded, recorder  # noqa: E402
from midwatch.spool import ATTRIBUTES_BYTES_MAX, Spool, process_start  # noqa: E402

#: Replaces its own program after the first event, as servers do that restart in place.
_REPLACED = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from midwatch.recorder import recorder
recorder.record("log", {"message": sys.argv[2]})
if sys.argv[2] == "before":
    time.sleep(1.1)
    os.execv(sys.executable, [sys.executable, "-c", os.environ["PROGRAM"], sys.argv[1], "after"])
"""


class SoftTimeLimitExceeded(Exception):
    pass


class HarmlessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.before = recorder.settings.spool
        midwatch.configure(spool=self.folder)
        # Whatever an earlier test has dropped is told here and not where somebody counts.
        while not recorder.record("log", {"message": "first"}) or recorder.spool.dropped:
            pass

    def tearDown(self):
        midwatch.configure(spool=self.before)

    def events(self, folder=None):
        found = []
        for name in sorted(os.listdir(folder or self.folder)):
            with open(os.path.join(folder or self.folder, name), encoding="utf-8") as file:
                found += [json.loads(line) for line in file if line.strip()]
        return found

    def test_what_was_dropped_and_what_failed_is_told_when_the_disk_is_back(self):
        later = os.path.join(self.folder, "later")
        midwatch.configure(spool=later)
        before = recorder.spool.dropped
        self.assertEqual([False] * 3, [recorder.record("log", {"message": "lost"}) for _ in range(3)])
        self.assertEqual(3, recorder.spool.dropped - before)
        guarded(lambda: 1 / 0)()
        os.mkdir(later)
        recorder.spool._retry_at = 0.0
        self.assertTrue(recorder.record("log", {"message": "kept"}))
        self.assertTrue(recorder.record("log", {"message": "kept"}))
        told = self.events(later)
        (gap,) = [event["attributes"] for event in told if event["kind"] == "source.gap"]
        self.assertEqual((3, 1), (gap["dropped"], gap["faults"]))
        first = told[0]["source_seq"]
        self.assertEqual([first, first + 1, first + 2], [event["source_seq"] for event in told])

    def test_a_full_disk_and_no_directory(self):
        for spool in ("/dev/full", "/nowhere/at/all"):
            midwatch.configure(spool=spool)
            self.assertFalse(recorder.record("log", {"message": "lost"}))
            self.assertIs(False, midwatch.audit("card.read"))

    def test_numbers_go_on_when_the_settings_change(self):
        recorder.record("log", {"message": "one"})
        midwatch.configure(release="r2")
        recorder.record("log", {"message": "two"})
        one, two = self.events()[-2:]
        self.assertEqual((one["source"], one["source_seq"] + 1, "r2"), (two["source"], two["source_seq"], two["release"]))

    def test_a_child_writes_to_a_file_of_its_own(self):
        child = os.fork()
        if not child:
            recorder.record("log", {"message": "from the child"})
            os._exit(0)
        os.waitpid(child, 0)
        (event,) = [event for event in self.events() if event["message"] == "from the child"]
        self.assertIn(":%d:" % child, event["source"])
        self.assertEqual(1, event["source_seq"])
        self.assertTrue(recorder.record("log", {"message": "the parent goes on"}))

    def test_a_program_that_replaces_itself_is_another_source(self):
        environment = {**os.environ, "MIDWATCH_SPOOL": self.folder, "PROGRAM": _REPLACED}
        words = [sys.executable, "-c", _REPLACED, _PACKAGE, "before"]
        subprocess.run(words, check=True, env=environment, timeout=120)
        before, after = [event for event in self.events() if event["message"] in ("before", "after")]
        self.assertEqual(before["source"].split("/")[0], after["source"].split("/")[0])
        self.assertNotEqual(before["source"], after["source"])
        self.assertEqual((1, 1), (before["source_seq"], after["source_seq"]))

    def test_a_file_that_somebody_closed_is_opened_again(self):
        os.close(recorder.spool._file.descriptor)
        self.assertTrue(recorder.record("log", {"message": "after the close"}))
        self.assertEqual(0, recorder.spool.dropped)

    def test_never_closes_or_keeps_a_number_that_stands_for_the_file_of_somebody_else(self):
        number = recorder.spool._file.descriptor
        foreign = os.open(os.path.join(self.folder, "foreign"), os.O_RDWR | os.O_CREAT)
        os.dup2(foreign, number)
        for _ in range(spool_module.CHECK_EVERY):
            recorder.record("log", {"message": "passing"})
        length = os.fstat(foreign).st_size
        for _ in range(2 * spool_module.CHECK_EVERY):
            recorder.record("log", {"message": "passing"})
        self.assertEqual(length, os.fstat(foreign).st_size)
        os.fstat(number)
        os.close(number)
        os.close(foreign)

    def test_a_pipe_or_a_link_under_our_name_does_not_block(self):
        trap = tempfile.mkdtemp(dir=self.folder)
        spool = Spool(trap, "python")
        name = spool._path(int(spool.source.rpartition("/")[2]))
        os.mkfifo(name)
        self.assertFalse(spool.append({}))
        os.unlink(name)
        os.symlink("/etc/hostname", name)
        spool._retry_at = 0.0
        self.assertFalse(spool.append({}))
        self.assertEqual(2, spool.dropped)
        os.unlink(name)
        os.rmdir(trap)

    def test_threads_share_a_file_that_is_rotated_under_them(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        spool = Spool(folder.name, "python")
        most, spool_module.FILE_BYTES_MAX = spool_module.FILE_BYTES_MAX, 20_000
        refused = []

        def write():
            refused.extend(number for number in range(2000) if not spool.append({"number": number}))

        try:
            threads = [threading.Thread(target=write) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            spool_module.FILE_BYTES_MAX = most
        self.assertEqual([], refused)
        self.assertGreater(len(os.listdir(folder.name)), 10)
        self.assertEqual(list(range(1, 8001)), sorted(event["source_seq"] for event in self.events(folder.name)))

    def test_what_is_longer_than_the_server_takes_does_not_cost_the_event(self):
        long = "日本語" * 20_000
        fields = {"job": long, "actor": long, "error_message": long, "message": long, "error_stack": long}
        self.assertTrue(recorder.record("job.failed", fields, {"arguments": [long] * 5, "group": "g1"}))
        event = self.events()[-1]
        lengths = {name: len(event[name].encode()) for name in fields}
        most = {"job": 512, "actor": 255, "error_message": 16_384, "message": 65_536, "error_stack": 65_536}
        self.assertEqual([], [name for name in fields if not most[name] // 5 < lengths[name] <= most[name]])
        self.assertEqual({"group": "g1", "too_long": ["arguments"]}, event["attributes"])
        self.assertLess(len(json.dumps(event["attributes"])), ATTRIBUTES_BYTES_MAX)

    def test_a_time_limit_of_the_task_passes_through(self):
        def aimed_at_the_task():
            raise SoftTimeLimitExceeded

        with self.assertRaises(SoftTimeLimitExceeded):
            guarded(aimed_at_the_task)()
        self.assertIsNone(guarded(lambda: {}["ours"])())

    def test_a_process_is_named_by_its_start(self):
        with open("/proc/self/stat", encoding="ascii") as stat:
            self.assertEqual(stat.read().rpartition(") ")[2].split()[19], process_start())


if __name__ == "__main__":
    unittest.main()
