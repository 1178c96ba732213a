/** Ninety days of one job: each day by how its runs went, in the zone that is shown. */
import type { JSX } from "preact";
import type { JobDaysAnswer } from "../../src/api/failure-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { type Day, weeksOf } from "../calendar.ts";
import { nowMs } from "../clock.ts";
import { zoneName } from "../preferences.ts";
import { to } from "../route.ts";
import { dayText, zoneOffsetMs } from "../times.ts";
import type { JobNamed } from "./job.tsx";

const daysShown = 90;

export function Calendar({ name }: { readonly name: JobNamed }): JSX.Element | null {
  const zone = zoneName();
  const { data } = useAnswer<JobDaysAnswer>(
    address("/jobs/days", { ...name, zone, days: daysShown }),
    120_000,
  );
  if (!data) return null;
  const today = new Date(nowMs.peek() + zoneOffsetMs(nowMs.peek())).toISOString().slice(0, 10);
  const weeks = weeksOf(data.rows, today, daysShown);
  const ran = data.rows.length;
  return (
    <section aria-labelledby="calendar">
      <h2 id="calendar">
        {daysShown} days <span>it ran on {ran === 1 ? "one day" : `${ran} days`}</span>
      </h2>
      <div class="calendar">
        {weeks.map((week, index) => (
          <ul key={week.find((day) => day)?.day ?? index} class="week">
            {week.map((day, weekday) =>
              day ? <DayMark key={day.day} day={day} name={name} /> : <li key={weekday} aria-hidden="true" />,
            )}
          </ul>
        ))}
      </div>
      <p class="calendar-words faint">
        <span class="day well" aria-hidden="true" /> all well <span class="day mixed" aria-hidden="true" />{" "}
        some failed for good <span class="day bad" aria-hidden="true" /> all failed{" "}
        <span class="day none" aria-hidden="true" /> no run
      </p>
    </section>
  );
}

function DayMark({ day, name }: { readonly day: Day; readonly name: JobNamed }): JSX.Element {
  const noonMs = Date.parse(`${day.day}T12:00:00Z`);
  const startMs = Date.parse(`${day.day}T00:00:00Z`) - zoneOffsetMs(noonMs);
  const words = `${dayText(noonMs - zoneOffsetMs(noonMs))}: ${day.words}`;
  if (day.mood === "none") return <li class="day none" title={words} />;
  const range = {
    from: new Date(startMs).toISOString(),
    until: new Date(startMs + 86_400_000).toISOString(),
  };
  return (
    <li>
      <a
        class={`day ${day.mood}`}
        href={to("/job", { ...name, ...range })}
        title={words}
        aria-label={words}
      />
    </li>
  );
}
