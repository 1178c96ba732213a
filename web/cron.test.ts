import assert from "node:assert/strict";
import { test } from "node:test";
import { scheduleWords } from "./cron.ts";

test("schedules are said in plain words", () => {
  const said: Readonly<Record<string, string>> = {
    "* * * * *": "every minute",
    "*/5 * * * *": "every 5 minutes",
    "0 * * * *": "every hour at :00",
    "10,40 * * * *": "every hour at :10 and :40",
    "0 */4 * * *": "every 4 hours",
    "15 */6 * * *": "every 6 hours at :15",
    "0 3 * * *": "every day at 03:00",
    "15 2,14 * * *": "every day at 02:15 and 14:15",
    "0 4 * * 0": "Sundays at 04:00",
    "0 4 * * sun": "Sundays at 04:00",
    "30 8 * * 1-5": "Monday to Friday at 08:30",
    "*/10 8-18 * * 1-5": "Monday to Friday, every 10 minutes from 08:00 to 18:59",
    "0 4 1 * *": "on the 1st of the month at 04:00",
    "0 4 1,12,23 1 *": "on the 1st, 12th and 23rd of January at 04:00",
    "0,15,30,45 * * * *": "every 15 minutes",
    "0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,30,32,34,36,38,40,42,44,46,48,50,52,54,56,58 * * * *":
      "every 2 minutes",
    "5 0,6,12,18 * * *": "every 6 hours at :05",
    "0 0,12 * * *": "every day at 00:00 and 12:00",
    "@daily": "every day at 00:00",
    "@hourly": "every hour at :00",
  };
  for (const [expression, words] of Object.entries(said)) assert.equal(scheduleWords({ expression }), words);
  assert.equal(scheduleWords({ everySeconds: 30 }), "every 30 seconds");
  assert.equal(scheduleWords({ everySeconds: 3600 }), "every hour");
  assert.equal(scheduleWords({ everySeconds: 5400 }), "every 90 minutes");
});

test("what has no short sentence is shown as it is written", () => {
  for (const expression of ["1-59/7 3 * * *", "0 3 13 * 5", "@reboot", "nonsense", "61 3 * * *"]) {
    assert.equal(scheduleWords({ expression }), expression);
  }
});
