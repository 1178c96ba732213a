"""Microseconds a Celery task costs, without and with the recorder; prints one JSON object.

The task runs through Celery's own tracer in this process, with a broker in memory: what is left is
what every task costs at least. Rounds without and with the recorder take turns, in two processes,
because the recorder cannot be taken off again.
"""

import json
import os
import sys
import time

from celery import Celery, __version__, uuid
from celery.app.trace import build_tracer

ROUNDS = 15


def main(spool, tasks, with_recorder):
    app = Celery("bench", broker="memory://", backend="disabled://")
    app.conf.task_ignore_result = True

    @app.task(name="bench.charge")
    def charge(order, password=None):
        return order

    app.finalize()
    if with_recorder:
        os.environ["MIDWATCH_SPOOL"] = spool
        import midwatch.celery  # noqa: F401 -- on by being imported
    tracer = build_tracer(charge.name, charge, app=app)
    request = {
        "root_id": "r", "parent_id": None, "retries": 0, "hostname": "w@h", "is_eager": False,
        "delivery_info": {"routing_key": "celery"}, "callbacks": None, "errbacks": None, "chain": None,
        "chord": None, "ignore_result": True, "eta": None, "group": None,
        "midwatch": {"trace": "t", "actor": "POST /orders", "sent": 1},
    }

    def run(count):
        started = time.perf_counter()
        for _ in range(count):
            identifier = uuid()
            tracer(identifier, (42,), {"password": "p"}, dict(request, id=identifier))
        return (time.perf_counter() - started) / count * 1e6

    run(300)
    rounds = sorted(run(tasks // ROUNDS) for _ in range(ROUNDS))
    events = sum(sum(1 for line in open(os.path.join(spool, name)) if line.strip()) for name in os.listdir(spool))
    print(json.dumps({
        "python": sys.version.split()[0], "celery": __version__, "events": events,
        "median_us": rounds[ROUNDS // 2], "least_us": rounds[0],
    }))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "with")
