/** What a job is said to be: when it is due, its limits, its owner, and who changed that. */
import type { ComponentChildren, JSX } from "preact";
import type { EventPage } from "../../src/api/schemas.ts";
import type { ListedMonitorAnswer, MonitorDetail } from "../../src/api/watch-schemas.ts";
import { type Answer, address, useAnswer } from "../ask.ts";
import { scheduleWords } from "../cron.ts";
import { Runbook } from "../parts/incident.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago } from "../parts/time.tsx";
import { to } from "../route.ts";
import { duration, listed } from "../words.ts";
import type { JobNamed } from "./job.tsx";

type Monitor = ListedMonitorAnswer["monitor"];

export function JobPassport({
  name,
  answer: { data },
}: {
  readonly name: JobNamed;
  readonly answer: Answer<MonitorDetail>;
}): JSX.Element {
  return (
    <aside class="facts" aria-label="What is expected">
      <h2>Expected</h2>
      {data && <Expected monitor={data.monitor} />}
      {data && (
        <p class="faint">
          {data.source === "set"
            ? "Set by somebody."
            : data.source === "declared"
              ? "As it was declared."
              : "Nobody said anything; only that it goes well is expected."}
        </p>
      )}
      <h2>History of its definition</h2>
      {data && <History name={name} detail={data} />}
    </aside>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Expected({ monitor }: { readonly monitor: Monitor }): JSX.Element {
  const { schedules, graceMs, durationMaxMs, waitMaxMs, overlapAllowed, severity, owner, runbook } = monitor;
  return (
    <dl>
      {schedules.map((schedule, index) => (
        <Fact key={index} name={index === 0 ? "Due" : ""}>
          {scheduleWords(schedule)} <span class="faint">{schedule.timeZone}</span>
          {schedule.host !== undefined && <span class="faint"> on {schedule.host}</span>}
        </Fact>
      ))}
      {schedules.length > 0 && <Fact name="Grace">{duration(graceMs)}</Fact>}
      {durationMaxMs !== undefined && <Fact name="At most">{duration(durationMaxMs)}</Fact>}
      {waitMaxMs !== undefined && <Fact name="Waits">at most {duration(waitMaxMs)}</Fact>}
      {!overlapAllowed && <Fact name="Overlap">none: one run at a time</Fact>}
      <Fact name="Urgency">{severity}</Fact>
      {owner !== undefined && (
        <Fact name="Owner">
          <Plain text={owner} lengthMax={100} />
        </Fact>
      )}
      {runbook !== undefined && (
        <Fact name="Runbook">
          <Runbook text={runbook} />
        </Fact>
      )}
    </dl>
  );
}

/** What people set, and what recorders and crontabs said, newest first. */
function History({ name, detail }: { readonly name: JobNamed; readonly detail: MonitorDetail }): JSX.Element {
  const said = useAnswer<EventPage>(
    address("/events", {
      ...name,
      kind: ["schedule.declared", "schedule.installed"],
      from: "-90d",
      limit: 20,
    }),
  );
  const lines = [
    ...detail.changes.map(({ time, by, before, after }) => ({
      time,
      key: `${time} set`,
      words: `${by}: ${changeWords(before, after)}`,
      href: undefined,
    })),
    ...(said.data?.rows ?? []).map((event) => ({
      time: event.time,
      key: event.id,
      words: `${event.kind === "schedule.installed" ? "installed" : "declared"}${event.host === undefined ? "" : ` on ${event.host}`}`,
      href: to("/logs", { q: `id:${event.id}`, from: "-90d", until: undefined }),
    })),
  ].sort((a, b) => (a.time < b.time ? 1 : -1));
  if (lines.length === 0) return <p class="quiet">Nothing was said of it in 90 days.</p>;
  return (
    <ol class="history">
      {lines.slice(0, 12).map(({ key, time, words, href }) => (
        <li key={key}>
          {href === undefined ? <Plain text={words} lengthMax={300} /> : <a href={href}>{words}</a>}{" "}
          <span class="faint">
            <Ago time={time} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function changeWords(before: Monitor | undefined, after: Monitor | undefined): string {
  if (!after) return "took away what was set";
  if (!before) return "set it";
  const names = (Object.keys({ ...before, ...after }) as (keyof Monitor)[]).filter(
    (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  return names.length === 0 ? "set the same again" : `changed ${listed(names)}`;
}
