import importlib.util
import json
import os
import sys
import tempfile
import time
import unittest
import unittest.mock

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, ".."))
sys.path.insert(0, _HERE)

_SPOOL = tempfile.TemporaryDirectory()
os.environ["MIDWATCH_SPOOL"] = _SPOOL.name

import midwatch  # noqa: E402 -- the spool is named first
import midwatch.web  # noqa: E402
from midwatch.recorder import recorder  # noqa: E402


def events(kind):
    found = []
    for name in os.listdir(_SPOOL.name):
        with open(os.path.join(_SPOOL.name, name), encoding="utf-8") as file:
            found += [json.loads(line) for line in file if line.strip()]
    return [event for event in found if event["kind"] == kind]


class WsgiTest(unittest.TestCase):
    def ask(self, application, **variables):
        started = []
        given = {"REQUEST_METHOD": "GET", "PATH_INFO": "/orders", "QUERY_STRING": "token=hunter2secret", **variables}
        body = midwatch.web.Middleware(application)(given, lambda *words: started.append(words))
        text = b"".join(body)
        getattr(body, "close", lambda: None)()
        return started, text

    def test_tells_a_request_with_its_address_queue_and_bytes_and_never_its_query(self):
        midwatch.configure(trusted_proxies="10.0.0.0/8")
        self.addCleanup(midwatch.configure, trusted_proxies="")

        def application(_, start_response):
            start_response("404 Not Found", [("Content-Length", "4")])
            return [b"none"]

        started, text = self.ask(
            application,
            REMOTE_ADDR="10.0.0.1",
            HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.9, 10.0.0.2",
            HTTP_X_REQUEST_ID="request-1",
            HTTP_X_REQUEST_START="t=%d" % (time.time() * 1000 - 50),
        )
        self.assertEqual((b"none", "404 Not Found"), (text, started[0][0]))
        told = [event for event in events("http.request") if event["trace_id"] == "request-1"]
        self.assertEqual(1, len(told))
        self.assertEqual("GET /orders 404", told[0]["message"])
        self.assertEqual("http", told[0]["stream"])
        self.assertEqual(
            {"method": "GET", "path": "/orders", "status": 404, "response_bytes": 4, "remote_address": "203.0.113.9"},
            told[0]["attributes"],
        )
        self.assertGreaterEqual(told[0]["wait_ms"], 49)
        self.assertNotIn("hunter2", json.dumps(told))

    def test_a_forwarded_address_of_a_stranger_is_not_believed(self):
        self.assertEqual("6.6.6.6", midwatch.web.remote_address({"REMOTE_ADDR": "6.6.6.6", "HTTP_X_FORWARDED_FOR": "1.1.1.1"}))

    def test_an_error_is_told_and_raised(self):
        def application(_, __):
            raise ValueError("password=hunter2secret")

        with self.assertRaises(ValueError):
            self.ask(application, HTTP_X_REQUEST_ID="request-2")
        told = [event for event in events("http.request") if event["trace_id"] == "request-2"]
        self.assertEqual(["ValueError"], [event["error_class"] for event in told])
        self.assertNotIn("hunter2", json.dumps(told))

    def test_a_broken_recorder_leaves_the_answer_alone(self):
        def application(_, start_response):
            start_response("200 OK", [])
            return [b"fine"]

        with unittest.mock.patch.object(recorder, "redact_for", side_effect=RuntimeError("broken")) as redact_for:
            self.assertEqual(b"fine", self.ask(application)[1])
        self.assertTrue(redact_for.called)


@unittest.skipUnless(
    importlib.util.find_spec("django") and importlib.util.find_spec("celery"), "Django or Celery is not installed"
)
class DjangoTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import shop_site
        from django.test import AsyncClient, Client

        cls.site, cls.client, cls.asynchronous = shop_site, Client(raise_request_exception=False), AsyncClient()

    def told(self, path):
        return [event for event in events("http.request") if event["attributes"]["path"] == path]

    def test_a_request_its_task_its_line_and_its_audit_share_one_trace(self):
        answer = self.client.get("/orders/7?token=hunter2secret", HTTP_X_REQUEST_ID="web-7")
        answer.close()
        self.assertEqual(b"fine", answer.content)
        (request,) = self.told("/orders/7")
        self.assertEqual(("web-7", "/orders/<int:number>", 200, 4), (
            request["trace_id"], request["attributes"]["route"], request["attributes"]["status"],
            request["attributes"]["response_bytes"]))
        (task,) = events("job.enqueued")
        self.assertEqual(("shop.invoice", "web-7", "GET /orders/7"), (task["job"], task["trace_id"], task["actor"]))
        (audited,) = events("audit.action")
        self.assertEqual(("web-7", "GET /orders/7"), (audited["trace_id"], audited["actor"]))
        lines = [event for event in events("log") if event.get("trace_id") == "web-7"]
        self.assertRegex(lines[0]["message"], r"order 7 with password=\[")
        self.assertNotIn("hunter2", json.dumps([request, task, audited, lines]))

    def test_the_error_of_a_view_comes_with_its_request(self):
        self.assertEqual(500, self.client.get("/broken").status_code)
        (request,) = self.told("/broken")
        self.assertEqual(("failed", "KeyError"), (request["outcome"], request["error_class"]))

    def test_a_streamed_answer_is_told_once_when_it_is_closed(self):
        answer = self.client.get("/streamed")
        self.assertEqual(b"onetwo", b"".join(answer.streaming_content))
        answer.close()
        self.assertEqual(1, len(self.told("/streamed")))

    def test_asynchronous_views_are_told_alike(self):
        import asyncio

        answer = asyncio.run(self.asynchronous.get("/waiting"))
        answer.close()
        self.assertEqual([201], [event["attributes"]["status"] for event in self.told("/waiting")])

    def test_the_user_is_whom_the_application_names(self):
        midwatch.configure(user=lambda request: "alice")
        self.addCleanup(midwatch.configure, user=None)
        self.client.get("/orders/8").close()
        self.assertEqual("user: alice", self.told("/orders/8")[0]["actor"])
        self.assertIn("user: alice", [event["actor"] for event in events("job.enqueued")])


if __name__ == "__main__":
    unittest.main()
