"""Tasks for the matrix of Celery, and a publisher: `tasks.py QUEUE,… NAME…` asks for each in turn."""

import os
import sys
import time

from celery import Celery
from celery.exceptions import Ignore

import midwatch
import midwatch.celery

app = Celery("matrix", broker=os.environ["BROKER"], backend="disabled://", set_as_current=True)
app.conf.update(
    worker_prefetch_multiplier=8,
    task_ignore_result=True,
    task_publish_retry=False,
    broker_transport_options={"socket_connect_timeout": 2},
    broker_connection_retry_on_startup=True,
)
midwatch.configure(service="matrix")
STAGE = os.environ["STAGE"]


def wait_at(place):
    with open(os.path.join(STAGE, "%s.%d" % (place, os.getpid())), "w"):
        pass
    while not os.path.exists(os.path.join(STAGE, "go")):
        time.sleep(0.05)


@app.task(name="quick")
def quick():
    pass


@app.task(name="heals", bind=True)
def heals(self):
    if self.request.retries == 0:
        raise self.retry(exc=TimeoutError("once"), countdown=0.1)


@app.task(name="broken")
def broken():
    raise KeyError("no price")


@app.task(name="skipped")
def skipped():
    raise Ignore()


@app.task(name="asks", bind=True)
def asks(self):
    quick.apply_async(queue=self.request.delivery_info["routing_key"])


@app.task(name="waits")
def waits():
    wait_at("waits")


@app.task(name="waits_late", acks_late=True)
def waits_late():
    wait_at("waits_late")


@app.task(name="eats")
def eats():
    kept = []
    while True:
        kept.append(bytearray(b"x") * 8_000_000)
        time.sleep(0.005)


if __name__ == "__main__":
    queues, *names = sys.argv[1:]
    for queue in queues.split(","):
        for name in names:
            app.tasks[name].apply_async(queue=queue)
