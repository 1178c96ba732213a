"""Tasks that leak what they are given, and (as a program) what plants canaries through them.

Reads canaries as JSON from standard input: place to list of key, value and text.
"""

import json
import logging
import sys

from celery.utils.log import get_task_logger

import midwatch
from tasks import app

log = get_task_logger(__name__)


@app.task(name="leaks.echo")
def echo(note, *values, **named):
    return {"note": note, "values": values, "named": named}


@app.task(name="leaks.sign_in")
def sign_in(note, password):
    log.warning("%s: trying %s", note, password)
    raise ValueError("401 for bob:" + password)


@app.task(name="leaks.fail")
def fail(note, text):
    secret = text
    raise ValueError("%s: %s" % (note, secret))


@app.task(name="leaks.cause")
def cause(note, text):
    try:
        raise IOError(text)
    except IOError as error:
        raise KeyError(note) from error


@app.task(name="leaks.retry", bind=True, max_retries=1)
def retry(self, note, text):
    raise self.retry(exc=TimeoutError("%s: %s" % (note, text)), countdown=0)


@app.task(name="leaks.say")
def say(note, texts):
    log.warning(note)
    for text in texts:
        log.warning("said %s", text)
        print(text)
        logging.getLogger("other").error(text, extra={"data": {"args": text}})
        try:
            raise RuntimeError(text)
        except RuntimeError:
            log.exception("caught")


def marker(place):
    return "harmless-marker-" + place.replace(" ", "-")


def plant(planted):
    def canaries(place):
        return [(one["key"], one["value"], one["text"]) for one in planted[place]]

    waiting = []
    place = "celery arguments"
    for _, _, text in canaries(place):
        waiting.append(echo.delay(marker(place), text, [text]))
    place = "celery positional"
    for _, value, _ in canaries(place):
        waiting.append(sign_in.delay(marker(place), value))
    place = "celery named"
    for key, value, _ in canaries(place):
        waiting.append(echo.delay(marker(place), **{key: value}))
    for place, task in (("celery error", fail), ("celery cause", cause), ("celery retry", retry)):
        for _, _, text in canaries(place):
            waiting.append(task.delay(marker(place), text))
    place = "celery log"
    waiting.append(say.delay(marker(place), [text for _, _, text in canaries(place)]))
    place = "celery unknown"
    for key, value, _ in canaries(place):
        app.send_task("leaks.no_such_task", (marker(place),), {key: value})
    place = "python audit"
    for key, value, text in canaries(place):
        midwatch.audit(marker(place), subject=text, **{key.lower(): value})
    place = "python guard"
    for _, _, text in canaries(place):
        try:
            with midwatch.guard(marker(place), subject=text):
                raise RuntimeError(text)
        except RuntimeError:
            pass
    for one in waiting:
        one.get(timeout=60, propagate=False)


if __name__ == "__main__":
    plant(json.load(sys.stdin))
