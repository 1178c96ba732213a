"""A small Celery application whose tasks do everything that tasks do to those who watch them."""

import os
import signal
import time

from celery import Celery, chain, chord
from celery.exceptions import Ignore, Reject
from celery.schedules import crontab

import midwatch
import midwatch.celery

BROKER = os.environ.get("BILLING_BROKER", "redis://127.0.0.1:6379/0")

app = Celery("billing", broker=BROKER, backend=os.environ.get("BILLING_BACKEND", BROKER))
app.conf.update(
    worker_prefetch_multiplier=1,
    result_expires=300,
    timezone="Europe/Zurich",
    beat_schedule={
        "rollup": {"task": "billing.rollup", "schedule": 5.0},
        "invoices-of-the-night": {"task": "billing.invoice_all", "schedule": crontab(hour=3, minute=30)},
    },
)
midwatch.configure(service="billing", environment="playground", release="4f2c1a")


@app.task(name="billing.rollup")
def rollup():
    return sum(range(1000))


@app.task(name="billing.invoice_all")
def invoice_all(orders=3):
    return [invoice.delay(order).id for order in range(orders)]


@app.task(name="billing.invoice")
def invoice(order, card_number=None, password=None):
    """Succeeds; `card_number` and `password` are there to be found nowhere."""
    with midwatch.guard("invoice.sent", subject="order:%s" % order):
        time.sleep(0.02)
    return {"order": order, "token": "tok_of_the_result_5e3f"}


@app.task(name="billing.export")
def export(order):
    """Leaves word for the cron line that sends exports, and says in which trace."""
    with open(os.environ["EXPORT_ASKED"], "w") as asked:
        asked.write("{trace} {parent}\n".format(**midwatch.link()))
    return order


@app.task(name="billing.charge", bind=True, max_retries=2)
def charge(self, order, fails=1):
    """Fails as often as it is told to, and is retried twice at most."""
    if self.request.retries < fails:
        raise self.retry(exc=TimeoutError("gateway timed out for order %s" % order), countdown=0.3)
    return "charged"


@app.task(name="billing.broken")
def broken(order):
    raise KeyError("no price for order %s" % order)


@app.task(name="billing.skip")
def skip():
    raise Ignore()


@app.task(name="billing.refuse", acks_late=True)
def refuse():
    raise Reject("not for us", requeue=False)


@app.task(name="billing.hang")
def hang(seconds=60):
    time.sleep(seconds)


@app.task(name="billing.limited", time_limit=1)
def limited():
    time.sleep(20)


@app.task(name="billing.softly_limited", soft_time_limit=1)
def softly_limited():
    time.sleep(20)


@app.task(name="billing.killed")
def killed():
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(1)


@app.task(name="billing.killed_then_heals", acks_late=True, reject_on_worker_lost=True)
def killed_then_heals(times=2):
    if int(app.backend.client.incr("billing.kills")) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(1)
    return "healed"


@app.task(name="billing.total")
def total(amounts):
    return sum(amounts)


@app.task(name="billing.add")
def add(a, b):
    return a + b


def month_end():
    """A chain and a chord, for runs that ask for runs."""
    return chain(add.s(1, 2), add.s(3)), chord([add.s(1, 1), add.s(2, 2)])(total.s())
