"""When runs are due around every change of the clock in ten years, by evaluators that are not Midwatch's.

Cron: the main loop of Vixie's cron as Debian runs it, restated minute by minute: what it does when the
clock on the wall jumps. Celery: its own schedule class, asked as beat asks it. Prints JSON.
"""
import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

FROM = datetime(2026, 12, 1, tzinfo=timezone.utc)
YEARS = 10
AROUND = timedelta(hours=27)
MINUTE = 60


def changes(zone):
    """Instants at which the zone's offset becomes another one, to the minute."""
    found = []
    at = FROM
    until = FROM.replace(year=FROM.year + YEARS)
    while at < until:
        after = at + timedelta(days=1)
        if at.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            low, high = at, after
            while high - low > timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle = middle.replace(second=0, microsecond=0)
                if middle <= low:
                    middle = low + timedelta(minutes=1)
                same = middle.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            found.append(high)
        at = after
    return found


def values(field, first, last):
    """The numbers that a field of a crontab means, and whether it begins with a star."""
    chosen = set()
    for part in field.split(","):
        part, _, step = part.partition("/")
        if part == "*":
            begin, end = first, last
        elif "-" in part:
            begin, end = map(int, part.split("-"))
        else:
            begin = end = int(part)
        chosen.update(range(begin, end + 1, int(step or 1)))
    return chosen, field.startswith("*")


class Entry:
    def __init__(self, expression):
        fields = expression.split()
        self.minutes, minute_star = values(fields[0], 0, 59)
        self.hours, hour_star = values(fields[1], 0, 23)
        self.days, self.day_star = values(fields[2], 1, 31)
        self.months, _ = values(fields[3], 1, 12)
        weekdays, self.weekday_star = values(fields[4], 0, 7)
        self.weekdays = {day % 7 for day in weekdays}
        self.is_wild = minute_star or hour_star

    def is_due(self, wall):
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.month not in self.months:
            return False
        day = wall.day in self.days
        weekday = wall.isoweekday() % 7 in self.weekdays
        return (day and weekday) if self.day_star or self.weekday_star else (day or weekday)


def cron(entries, zone, begin, until):
    """Of each entry, the instants at which cron starts it."""
    due = [[] for _ in entries]
    wall_of = lambda minutes: datetime(1970, 1, 1) + timedelta(minutes=minutes)  # noqa: E731

    def start(virtual, real, wild, fixed):
        wall = wall_of(virtual)
        for index, entry in enumerate(entries):
            if (wild if entry.is_wild else fixed) and entry.is_due(wall):
                due[index].append(int(real.timestamp() * 1000))

    at = begin
    virtual = None
    while at < until:
        offset = at.astimezone(zone).utcoffset()
        running = int(at.timestamp() + offset.total_seconds()) // MINUTE
        if virtual is None:
            virtual = running - 1
        ahead = running - virtual
        if ahead == 1:
            virtual = running
            start(virtual, at, True, True)
        elif 1 < ahead <= 5:
            while virtual < running:
                virtual += 1
                start(virtual, at, True, True)
        elif 5 < ahead < 180:
            # The clock went ahead: what is wild follows it, what was fixed in the gap is made up for.
            start(running, at, True, False)
            while virtual < running:
                virtual += 1
                start(virtual, at, False, True)
        elif -180 < ahead <= 0:
            # The clock went back: what is wild follows it, what is fixed ran already.
            start(running, at, True, False)
        else:
            virtual = running
            start(virtual, at, True, True)
        at += timedelta(minutes=1)
    return due


def celery(expressions, zone_name, begin, until):
    """Of each expression, the instants at which beat sends it, asked every minute at the latest."""
    from celery import Celery
    from celery.schedules import crontab

    app = Celery("reference", set_as_current=False)
    app.conf.timezone = zone_name
    zone = ZoneInfo(zone_name)
    sent = []
    for expression in expressions:
        minute, hour, day, month, weekday = expression.split()
        clock = {"now": begin}
        schedule = crontab(
            minute=minute, hour=hour, day_of_month=day, month_of_year=month, day_of_week=weekday,
            nowfun=lambda: clock["now"].astimezone(zone), app=app,
        )
        last = begin
        own = []
        while clock["now"] < until:
            is_due, wait = schedule.is_due(last.astimezone(zone))
            if is_due:
                own.append(int(clock["now"].timestamp() * 1000))
                last = clock["now"]
            clock["now"] += timedelta(seconds=min(max(int(wait), 1), 300))
        sent.append(own)
    return sent


def main():
    wish = json.load(sys.stdin)
    answers = []
    for zone_name in wish["zones"]:
        zone = ZoneInfo(zone_name)
        for change in changes(zone):
            begin, until = change - AROUND, change + AROUND
            begin = begin.replace(second=0, microsecond=0)
            answer = {"zone": zone_name, "fromMs": int(begin.timestamp() * 1000), "untilMs": int(until.timestamp() * 1000)}
            answer["changeMs"] = int(change.timestamp() * 1000)
            if wish["runtime"] == "cron":
                answer["due"] = cron([Entry(one) for one in wish["expressions"]], zone, begin, until)
            else:
                answer["due"] = celery(wish["expressions"], zone_name, begin, until)
            answers.append(answer)
    json.dump(answers, sys.stdout)


main()
