"""Records Django's requests and log lines, and who asks for the tasks that a view sends.

    MIDDLEWARE = ["midwatch.django.Middleware", …]

As the first of the list it sees each request whole. Errors of views are told with the request.
"""

import logging

from django.utils.decorators import sync_and_async_middleware

from .logs import log_from
from .recorder import current, guarded, recorder
from .web import Request

try:
    from asgiref.sync import iscoroutinefunction
except ImportError:
    from asyncio import iscoroutinefunction


@sync_and_async_middleware
def Middleware(get_response):  # noqa: N802 -- stands in settings as a class does
    if recorder.settings.log_level != "off":
        log_from(logging.getLogger())
    return _asynchronous(get_response) if iscoroutinefunction(get_response) else _synchronous(get_response)


def _synchronous(get_response):
    def middleware(request):
        told = _begin(request)
        if told is None:
            return get_response(request)
        token = current.set(told.mark)
        try:
            return _end(told, request, get_response(request))
        finally:
            current.reset(token)

    return _with_errors(middleware)


def _asynchronous(get_response):
    async def middleware(request):
        told = _begin(request)
        if told is None:
            return await get_response(request)
        token = current.set(told.mark)
        try:
            return _end(told, request, await get_response(request))
        finally:
            current.reset(token)

    return _with_errors(middleware)


def _with_errors(middleware):
    def process_exception(request, exception):
        request.midwatch_error = exception

    middleware.process_exception = process_exception
    return middleware


@guarded
def _begin(request):
    return Request("django", request.META, lambda: _user(request), lambda: _route(request))


def _user(request):
    hook = recorder.settings.user
    if hook:
        return hook(request)
    # Only one that the application has asked for itself: to ask is a query of the database.
    user = getattr(request, "_cached_user", None)
    return user.pk if user is not None and user.is_authenticated else None


def _route(request):
    match = getattr(request, "resolver_match", None)
    return None if match is None else "/" + match.route if match.route else match.view_name or match._func_path


def _end(told, request, response):
    """Tells the request when its answer is closed, which is after its last byte was handed on."""
    _follow(told, request, response)
    return response


@guarded
def _follow(told, request, response):
    size = None if response.streaming else len(response.content)
    original = response.close

    def close():
        try:
            original()
        finally:
            told.finish(response.status_code, getattr(request, "midwatch_error", None), size)

    response.close = close
