import datetime
import importlib.util
import json
import os
import sys
import tempfile
import unittest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(_HERE, ".."))

_SPOOL = tempfile.TemporaryDirectory()
os.environ["MIDWATCH_SPOOL"] = _SPOOL.name


def declared():
    found = []
    for name in os.listdir(_SPOOL.name):
        with open(os.path.join(_SPOOL.name, name), encoding="utf-8") as file:
            found += [json.loads(line) for line in file if line.strip()]
    found = [event for event in found if event["kind"] == "schedule.declared"]
    return sorted(found, key=lambda event: event["source_seq"])


@unittest.skipUnless(
    importlib.util.find_spec("django_celery_beat"), "django-celery-beat is not installed"
)
class DatabaseSchedulerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import django
        from django.conf import settings

        settings.configure(
            INSTALLED_APPS=["django.contrib.contenttypes", "django_celery_beat"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            # Tables as the models have them, without the history of how they came to be.
            MIGRATION_MODULES={"contenttypes": None, "django_celery_beat": None},
            USE_TZ=True,
            TIME_ZONE="UTC",
            DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        )
        django.setup()
        from django.core.management import call_command

        call_command("migrate", run_syncdb=True, verbosity=0)

    def test_declares_every_kind_of_entry_and_again_when_somebody_changed_them(self):
        from celery import Celery, signals
        from django_celery_beat import models
        from django_celery_beat.schedulers import DatabaseScheduler

        import midwatch.celery  # noqa: F401 -- turns it on

        night = models.CrontabSchedule.objects.create(minute="30", hour="4", timezone="Europe/Zurich")
        often = models.IntervalSchedule.objects.create(every=10, period="seconds")
        dusk = models.SolarSchedule.objects.create(event="sunset", latitude="47.3", longitude="8.5")
        once = models.ClockedSchedule.objects.create(
            clocked_time=datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc)
        )
        make = models.PeriodicTask.objects.create
        make(name="night", task="shop.night", crontab=night)
        make(name="dusk", task="shop.dusk", solar=dusk)
        make(name="once", task="shop.once", clocked=once, one_off=True)
        make(name="off", task="shop.off", interval=often, enabled=False)
        application = Celery("shop", broker="memory://")
        application.conf.update(timezone="UTC", result_expires=None)
        scheduler = DatabaseScheduler(app=application)

        signals.beat_init.send(sender=type("Service", (), {"scheduler": scheduler})())
        first = declared()
        self.assertEqual(
            {
                "shop.night": ({"type": "crontab", "expression": "30 4 * * *"}, "Europe/Zurich"),
                "shop.dusk": ({"type": "solar", "event": "sunset", "latitude": 47.3, "longitude": 8.5}, "UTC"),
                "shop.once": ({"type": "clocked", "time": "2027-01-01T00:00:00+00:00"}, "UTC"),
            },
            {event["job"]: (event["attributes"]["schedule"], event["attributes"]["time_zone"]) for event in first},
        )

        make(name="often", task="shop.often", interval=often)
        models.PeriodicTask.objects.get(name="night").delete()
        self.assertIn("often", scheduler.schedule)
        second = declared()[len(first):]
        self.assertEqual({"shop.dusk", "shop.once", "shop.often"}, {event["job"] for event in second})
        self.assertEqual(2, len({event["attributes"]["reading"] for event in first + second}))


if __name__ == "__main__":
    unittest.main()
