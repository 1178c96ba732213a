import json
import logging
import os
import sys
import tempfile
import time
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, ".."))

import midwatch  # noqa: E402 -- the package lies beside its tests
from midwatch.debug import debug  # noqa: E402
from midwatch.given import _MARK, redacted  # noqa: E402
from midwatch.logs import is_sampled  # noqa: E402
from midwatch.recorder import current, recorder  # noqa: E402
from midwatch.settings import Settings  # noqa: E402

_CONTRACT = os.path.join(_HERE, "../../../contract/settings")


def _contract(name):
    with open(os.path.join(_CONTRACT, name), encoding="utf-8") as file:
        return json.load(file)


class SettingsTest(unittest.TestCase):
    def test_has_the_settings_of_the_contract_and_no_others(self):
        ours = [one for one in _contract("settings.json")["settings"] if "python" in one["in"]]
        self.assertGreater(len(ours), 10)
        self.assertEqual({one["name"]: (one["variable"], one["type"], one["default"]) for one in ours}, Settings.NAMES)

    def test_replays_the_cases_of_the_file(self):
        cases = _contract("cases.json")["cases"]
        self.assertGreaterEqual(len(cases), 4)
        for case in cases:
            settings = Settings(case["variables"], case["file"])
            for name, value in case["expected"].items():
                self.assertEqual(value, getattr(settings, name), (case["name"], name))
            self.assertEqual(len(case["complaints"]), len(settings.complaints), (case["name"], settings.complaints))
            for words in case["complaints"]:
                self.assertTrue(
                    any(all(word in told for word in words) for told in settings.complaints), (words, settings.complaints)
                )

    def test_keeps_and_leaves_out_the_lines_of_the_contract(self):
        lines = _contract("cases.json")["sample"]["lines"]
        for line in lines:
            kept = is_sampled(line["share"], line["run_id"], line["trace_id"], 1)
            self.assertEqual(line["kept"], kept, line)
        self.assertEqual({True, False}, {line["kept"] for line in lines})

    def test_refuses_in_code_what_it_does_not_know_and_changes_nothing(self):
        settings = Settings({}, "")
        for wrong in ({"log_levle": "debug"}, {"log_level": "loud"}, {"log_sample": 2}, {"user": "alice"}):
            with self.assertRaises(ValueError):
                settings.change({"release": "r1", **wrong})
        self.assertIsNone(settings.release)
        with self.assertRaisesRegex(ValueError, "did you mean 'log_level'"):
            settings.change({"log_levle": "debug"})


class WrittenTest(unittest.TestCase):
    """What the settings make of events, read from the spool."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.before = recorder.settings
        recorder.settings = Settings({}, "")
        midwatch.configure(spool=self.folder.name, service="shop", digest_key="test key")
        self.logger = logging.getLogger("shop.orders")
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False
        midwatch.log_from(self.logger)
        debug.__init__()
        recorder.spool.left_out = 0

    def tearDown(self):
        recorder.settings = self.before
        recorder._prepare()

    def events(self):
        found = []
        for name in sorted(os.listdir(self.folder.name)):
            if name.endswith(".ndjson"):
                with open(os.path.join(self.folder.name, name), encoding="utf-8") as file:
                    found += [json.loads(line) for line in file if line.strip()]
        return found

    def lines(self):
        return [event["message"] for event in self.events() if event["kind"] == "log"]

    def ask(self, **entry):
        until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + entry.pop("seconds", 60)))
        with open(os.path.join(self.folder.name, "control.json"), "w", encoding="utf-8") as file:
            json.dump({"debug": [{"until": until, **entry}]}, file)

    def test_hashes_and_drops_fields(self):
        midwatch.configure(hash_fields="iban, actor", drop_fields=["notes", "queue", "kind"])
        values = {"iban": "CH93 0076 2011 6238 5295 7", "notes": "private", "amount": 3}
        for _ in range(2):
            recorder.record("job.enqueued", {"actor": "alice", "queue": "q"}, {"arguments": recorder.redact.value(values)})
        one, other = self.events()
        self.assertEqual("job.enqueued", one["kind"])
        self.assertNotIn("queue", one)
        self.assertRegex(one["actor"], r"\A\[REDACTED:custom:[0-9a-f]{8}\]\Z")
        self.assertEqual(one["actor"], other["actor"])
        self.assertEqual(3, one["attributes"]["arguments"]["amount"])
        self.assertRegex(one["attributes"]["arguments"]["iban"], "REDACTED|iban")
        self.assertNotIn("notes", one["attributes"]["arguments"])
        self.assertNotIn("5295", json.dumps(one))

    def test_takes_the_rules_of_a_user_and_records_no_arguments_when_it_cannot(self):
        path = os.path.join(self.folder.name, "rules.json")
        with open(os.path.join(_HERE, "../../../contract/redaction/user-rules.json"), encoding="utf-8") as file:
            compiled = json.load(file)["compiled"]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(compiled, file)
        try:
            midwatch.configure(service="shop", redaction_rules=path)
            self.assertEqual("voucher=8", recorder.redact.text("voucher=8"))
            token = current.set({"job": "Mail::Welcome"})
            self.assertNotIn("8", recorder.redact.text("voucher=8").replace("REDACTED", "")[:20])
            current.reset(token)
            self.assertEqual(["digest", "redacted"], [recorder.arguments_of(job) for job in ("PayrollJob", "Other")])
            midwatch.configure(redaction_rules=path + ".absent")
            self.assertEqual(["none", "none"], [recorder.arguments_of(job) for job in ("PayrollJob", "Other")])
            self.assertEqual(([_MARK], {}), redacted("Other", None, ["bob"], {"a": 1}))
            recorder.record("job.started", {"run_id": "run-9"})
            self.assertIn("cannot be read", " ".join(self.lines()))
        finally:
            midwatch.configure(service=None, redaction_rules=None)

    def test_samples_low_lines_run_by_run_and_tells_how_many(self):
        midwatch.configure(log_sample=0.5)
        for run in ("run-1", "run-2", "run-3", "run-1"):
            token = current.set({"run_id": run})
            self.logger.info("low of %s", run)
            self.logger.warning("high of %s", run)
            current.reset(token)
        recorder.record("job.started", {"run_id": "run-2"})
        low = [line for line in self.lines() if line.startswith("low")]
        self.assertEqual(["low of run-1", "low of run-1"], low)
        self.assertEqual(4, len([line for line in self.lines() if line.startswith("high")]))
        recorder.spool.left_out_told -= 3600
        recorder.record("job.started", {"run_id": "run-3"})
        told = [event for event in self.events() if (event.get("attributes") or {}).get("left_out")]
        self.assertEqual([2], [event["attributes"]["left_out"] for event in told])

    def test_passes_over_a_request_for_debugging_that_anybody_may_have_written(self):
        self.ask(service="shop", job=None, logger=None)
        os.chmod(os.path.join(self.folder.name, "control.json"), 0o666)
        self.logger.debug("asked for by anybody")
        os.unlink(os.path.join(self.folder.name, "control.json"))
        elsewhere = os.path.join(self.folder.name, "elsewhere")
        with open(elsewhere, "w", encoding="utf-8") as file:
            json.dump({"debug": [{"until": "2999-01-01T00:00:00Z"}]}, file)
        os.symlink(elsewhere, os.path.join(self.folder.name, "control.json"))
        debug.__init__()
        self.logger.debug("asked for by a link")
        self.assertEqual([], self.lines())

    def test_lines_below_the_level_come_while_somebody_asks_and_stay_redacted(self):
        shown = []
        screen = logging.StreamHandler()
        screen.emit = lambda record: shown.append(record.getMessage())
        self.logger.addHandler(screen)
        self.addCleanup(self.logger.removeHandler, screen)
        self.logger.debug("before")
        debug.__init__()
        self.ask(service="shop", job="billing.charge", logger=None)
        self.logger.debug("of no job")
        token = current.set({"job": "billing.charge", "run_id": "run-2"})
        midwatch.configure(log_sample=0)
        self.logger.debug("password=hunter2secret")
        debug.__init__()
        self.ask(service="other")
        self.logger.debug("of another service")
        debug.__init__()
        self.ask(seconds=-1)
        self.logger.debug("too late")
        current.reset(token)
        self.assertEqual(1, len(self.lines()), self.lines())
        self.assertRegex(self.lines()[0], r"\Apassword=\[")
        self.assertEqual([], shown)

    def test_lines_that_somebody_asks_for_are_not_sampled_away(self):
        for line in _contract("cases.json")["sample"]["debug"]:
            midwatch.configure(log_sample=line["share"], log_level="info")
            debug.__init__()
            self.ask(job="billing.charge")
            before = len(self.lines())
            token = current.set({"job": line["job"], "run_id": "run-2"})
            self.logger.log(logging.getLevelName(line["severity"].upper()), "of %s", line["job"])
            current.reset(token)
            self.assertEqual(line["kept"], len(self.lines()) > before, line)

    def test_a_control_file_that_nobody_can_read_asks_for_nothing(self):
        for text in ("", "[1]", "{", '{"debug":[{}]}', '{"debug":[{"until":"soon"}]}', '{"debug":[7]}', "\x00" * 9):
            with open(os.path.join(self.folder.name, "control.json"), "w", encoding="utf-8") as file:
                file.write(text)
            debug.__init__()
            self.assertFalse(debug.wants("billing.charge", "shop"), text)
            self.logger.debug("not wanted")
        self.assertEqual([], self.lines())

    def test_a_fault_of_the_file_is_told_and_raises_nothing(self):
        recorder.settings = Settings({}, "log_levle = debug\n")
        recorder._complaints = list(recorder.settings.complaints)
        midwatch.configure(spool=self.folder.name)
        recorder.record("job.started", {"run_id": "run-1"})
        self.assertRegex(self.lines()[0], "passed over.*log_levle.*did you mean 'log_level'")


if __name__ == "__main__":
    unittest.main()
