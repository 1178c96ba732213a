"""One event a request, told when its answer has been sent; and the trace that its tasks belong to.

    application = midwatch.web.Middleware(application)

for any WSGI application; Django has `midwatch.django.Middleware`. The query is never recorded: that
is where secrets travel.
"""

import ipaddress
import re
import time

from .failure import failure_fields
from .recorder import current, guarded, recorder, uuid7

_ID = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)
_START = re.compile(r"(?:t=)?(\d{10,16}(?:\.\d+)?)\Z", re.ASCII)
_QUEUE_SECONDS_MAX = 60


class Request:
    """What is known of a request, until it is told; told once, whoever is first."""

    def __init__(self, runtime, variables, user, route):
        """`variables` are those of WSGI; `user` and `route` are asked when they are needed."""
        self._runtime = runtime
        self._variables = variables
        self._user = user
        self._route = route
        self._started = time.perf_counter_ns()
        self._wait_ms = _queued_ms(variables.get("HTTP_X_REQUEST_START", ""))
        self._told = False
        self.line = recorder.redact.text("%s %s" % (variables.get("REQUEST_METHOD"), variables.get("PATH_INFO") or "/"))
        given = variables.get("HTTP_X_REQUEST_ID", "")
        self.trace = given if _ID.match(given) else uuid7()
        self.mark = {"runtime": runtime, "trace_id": self.trace, "actor": self._actor}

    def _actor(self):
        return self._user_name() or self.line

    @guarded
    def _user_name(self):
        user = self._user()
        return None if user is None else "user: %s" % recorder.redact.text(str(user))

    @guarded
    def finish(self, status, error=None, size=None):
        if self._told:
            return
        self._told = True
        failed = status >= 500
        fields = {
            "runtime": self._runtime,
            "trace_id": self.trace,
            "actor": self._user_name(),
            "outcome": "failed" if failed else "succeeded",
            "severity": "error" if failed else "info",
            "duration_ms": round((time.perf_counter_ns() - self._started) / 1e6, 3),
            "wait_ms": self._wait_ms,
            "message": "%s %d" % (self.line, status),
        }
        if error is not None:
            fields.update(failure_fields(error))
        method, _, path = self.line.partition(" ")
        attributes = {
            "method": method,
            "path": path,
            "route": self._route(),
            "status": status,
            "response_bytes": size,
            "remote_address": remote_address(self._variables),
        }
        recorder.record("http.request", fields, {name: value for name, value in attributes.items() if value is not None})


def remote_address(variables):
    """Who asks. Forwarded addresses are believed only from `trusted_proxies`, and only up to the
    first that is none of them.
    """
    address = variables.get("REMOTE_ADDR") or None
    forwarded = [part.strip() for part in variables.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    while address and forwarded and _is_trusted(address):
        address = forwarded.pop()
    return address


def _is_trusted(address):
    try:
        one = ipaddress.ip_address(address)
        return any(one in ipaddress.ip_network(network, False) for network in recorder.settings.trusted_proxies or ())
    except ValueError:
        return False


def _queued_ms(text):
    """Since seconds, milliseconds or microseconds of 1970, as proxies write `X-Request-Start`."""
    match = _START.match(text)
    if not match:
        return None
    seconds = float(match.group(1))
    while seconds > 1e11:
        seconds /= 1000
    waited = time.time() - seconds
    return round(waited * 1000, 3) if 0 <= waited <= _QUEUE_SECONDS_MAX else None


class Middleware:
    """Around a WSGI application."""

    def __init__(self, application):
        self._application = application

    def __call__(self, variables, start_response):
        request = _begin(variables)
        if request is None:
            return self._application(variables, start_response)
        answer = {"status": 500, "size": None}

        def start(status, headers, *rest):
            _note(answer, status, headers)
            return start_response(status, headers, *rest)

        token = current.set(request.mark)
        try:
            body = self._application(variables, start)
        except BaseException as error:
            request.finish(500, error)
            raise
        finally:
            current.reset(token)
        return _Body(body, request, answer)


@guarded
def _begin(variables):
    hook = recorder.settings.user
    return Request("wsgi", variables, lambda: hook(variables) if hook else None, lambda: None)


@guarded
def _note(answer, status, headers):
    answer["status"] = int(str(status)[:3])
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    answer["size"] = int(lengths[0]) if lengths else None


class _Body:
    """Tells the end when the server closes the body."""

    def __init__(self, body, request, answer):
        self._body = body
        self._request = request
        self._answer = answer

    def __iter__(self):
        return iter(self._body)

    def close(self):
        try:
            if hasattr(self._body, "close"):
                self._body.close()
        finally:
            self._request.finish(self._answer["status"], size=self._answer["size"])
