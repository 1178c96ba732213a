"""Plays one of every story against a running worker; prints `story task-id` a line."""

import time

from celery import chain

import tasks


def ends(result, seconds=15):
    try:
        result.get(timeout=seconds, propagate=False)
    except BaseException:  # a result that never comes is a story too
        pass
    return result


def main():
    told = []

    def tell(story, result, seconds=15):
        told.append((story, ends(result, seconds).id))

    tell("succeeds", tasks.invoice.delay(7, card_number="4111111111111111", password="hunter2-planted"))
    tell("heals", tasks.charge.delay(8, fails=1))
    tell("fails after retries", tasks.charge.delay(9, fails=9))
    tell("fails", tasks.broken.delay(10))
    tell("is skipped", tasks.skip.delay(), 2)
    tell("is refused", tasks.refuse.delay(), 2)
    tell("expired", tasks.add.apply_async((1, 1), expires=-1), 3)
    tell("chain", chain(tasks.add.s(1, 2), tasks.add.s(3))())
    tell("asks for others", tasks.invoice_all.delay(2))
    unknown = tasks.app.send_task("billing.no_such_task", ())
    told.append(("unknown", unknown.id))
    revoked = tasks.hang.apply_async((9,), countdown=3)
    revoked.revoke()
    tell("revoked", revoked, 8)
    terminated = tasks.hang.delay(60)
    time.sleep(1.5)
    terminated.revoke(terminate=True, signal="SIGTERM")
    tell("terminated", terminated, 8)
    tell("hard limit", tasks.limited.delay())
    tell("soft limit", tasks.softly_limited.delay())
    tell("killed", tasks.killed.delay())
    tasks.app.backend.client.delete("billing.kills")
    tell("killed then heals", tasks.killed_then_heals.delay(2))
    time.sleep(0.5)
    for story, identifier in told:
        print(story + "\t" + identifier, flush=True)


if __name__ == "__main__":
    main()
