"""A Django application in one file, for the test of its middleware."""

import logging
import os

import django
from django.conf import settings

settings.configure(
    DEBUG=False,
    SECRET_KEY="for the test alone",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "midwatch.django.Middleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    USE_TZ=True,
)
django.setup()

from celery import Celery  # noqa: E402 -- Django is ready first
from django.http import HttpResponse, StreamingHttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

import midwatch  # noqa: E402
import midwatch.celery  # noqa: E402

midwatch.configure(service="shop", environment="test")
celery = Celery("shop", broker="memory://", set_as_current=False)
celery.conf.update(task_publish_retry=False)


@celery.task(name="shop.invoice")
def invoice(order):
    return order


def order(request, number):
    assert request.user is not None and request.user.pk != 0  # as a view that asks who it is
    logging.getLogger("shop.orders").warning("order %d with password=hunter2secret", number)
    invoice.delay(number)
    midwatch.audit("order.seen", subject="order:%d" % number)
    return HttpResponse(b"fine")


def broken(request):
    raise KeyError("no price for order 7")


def streamed(request):
    return StreamingHttpResponse(iter([b"one", b"two"]))


async def waiting(request):
    return HttpResponse(b"waited", status=201)


urlpatterns = [
    path("orders/<int:number>", order),
    path("broken", broken),
    path("streamed", streamed),
    path("waiting", waiting),
]

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "0")
