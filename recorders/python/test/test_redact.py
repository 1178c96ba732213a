import glob
import json
import os
import sys
import tempfile
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, ".."))

from midwatch.redact_user import UserRules, read_user_rules  # noqa: E402 -- the package lies beside its tests
from midwatch.redact import Redact  # noqa: E402 -- the package lies beside its tests

_FILES = sorted(glob.glob(os.path.join(_HERE, "../../../contract/redaction/cases/*.json")))


class Hostile:
    def __repr__(self):
        raise RuntimeError("asked")

    __str__ = __repr__


class RedactTest(unittest.TestCase):
    def setUp(self):
        self.redact = Redact(key="midwatch test key")

    def test_replays_the_contract_byte_for_byte(self):
        seen = 0
        for path in _FILES:
            with open(path, encoding="utf-8") as file:
                cases = json.load(file)
            for entry in cases.get("texts", ()):
                seen += 1
                self.assertEqual(entry["expected"], self.redact.text(entry["text"]), (path, entry["name"]))
            for entry in cases.get("structures", ()):
                seen += 1
                self.assertEqual(entry["expected"], self.redact.value(entry["value"]), (path, entry["name"]))
        self.assertGreaterEqual(seen, 80)

    def test_leaves_the_marks_of_the_server_with_a_secret_that_it_gave_out(self):
        with open(os.path.join(_HERE, "../../../contract/redaction/shared.json"), encoding="utf-8") as file:
            shared = json.load(file)
        redact = Redact(key=shared["secret"])
        self.assertEqual(shared["expected"], redact.text(shared["text"]))
        self.assertEqual(shared["digest"], redact.digest(shared["value"]))

    def test_replays_the_rules_of_a_user_byte_for_byte(self):
        with open(os.path.join(_HERE, "../../../contract/redaction/user-rules.json"), encoding="utf-8") as file:
            cases = json.load(file)
        user = UserRules(cases["compiled"], cases["service"])
        seen = 0
        for kind in ("texts", "structures", "arguments"):
            for entry in cases[kind]:
                seen += 1
                redact = Redact(key="midwatch test key", user=user, job=entry["job"])
                if kind == "texts":
                    found = redact.text(entry["text"])
                else:
                    hide = user.arguments_of(entry["job"])[1] if kind == "arguments" else ()
                    found = redact.value(redact.without(entry["value"], hide))
                self.assertEqual(entry["expected"], found, entry)
        self.assertGreaterEqual(seen, 25)
        self.assertEqual((True, frozenset()), user.arguments_of("PayrollJob"))

    def test_refuses_rules_that_are_not_compiled(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rules.yaml")
            for text in ("keys: []\n", "[]", '{"version": 1}', '{"version": 2}'):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
                with self.assertRaises(ValueError):
                    read_user_rules(path, "shop")

    def test_never_raises_and_never_asks_for_a_repr(self):
        loop = {}
        loop["self"] = loop
        for object in (None, b"\xff", "\udcff password=\udcff", Hostile(), loop, float("nan"), [Hostile()] * 5000, {Hostile(): 1}, "x" * 1000000, 10**400):
            json.dumps(self.redact.value(object))
            json.dumps(self.redact.shape(object))
            self.redact.digest(object)
            self.redact.text(object)
        self.assertEqual("#<Hostile>", self.redact.value(Hostile()))
        self.assertLess(len(json.dumps(self.redact.value([Hostile()] * 5000))), 50000)

    def test_depth_and_size_are_bounded(self):
        deep = "x"
        for _ in range(40):
            deep = [deep]
        self.assertIn("[REDACTED:depth]", json.dumps(self.redact.value(deep)))
        self.assertEqual("[REDACTED:overrun]", Redact().text("=" * 300000))

    def test_a_digest_depends_on_the_key_and_not_on_the_order(self):
        self.assertEqual(self.redact.digest({"b": 1, "a": [2]}), self.redact.digest({"a": [2], "b": 1}))
        self.assertNotEqual(self.redact.digest({"a": 1}), Redact(key="other").digest({"a": 1}))
        self.assertIsNone(Redact().digest({"a": 1}))

    def test_shape_has_names_and_types_only(self):
        self.assertEqual(
            {"a": ["integer", "number"], "password": "string"}, self.redact.shape({"a": [1, 2.5], "password": "x"})
        )

    def test_keys_can_be_allowed_and_denied(self):
        redact = Redact(allow=["auth_token"], deny=["nick_name"])
        self.assertEqual(
            {"auth_token": "x", "nickName": "[REDACTED:custom]"}, redact.value({"auth_token": "x", "nickName": "y"})
        )

    def test_sensitive_tells_of_a_key(self):
        self.assertTrue(self.redact.sensitive("user_password"))
        self.assertFalse(self.redact.sensitive("token_count"))

    def test_leaves_a_clean_string_the_same_object(self):
        text = "12 rows in 5 ms"
        self.assertIs(text, self.redact.text(text))


if __name__ == "__main__":
    unittest.main()
