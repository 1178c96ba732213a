/** What is expected of each job, and the form in which somebody changes it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ListedMonitorAnswer, MonitorDetail, MonitorList } from "../../src/api/watch-schemas.ts";
import { AskFault, address, ask, change, useAnswer } from "../ask.ts";
import { scheduleWords } from "../cron.ts";
import { may } from "../me.ts";
import { Field } from "../parts/field.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { byActor } from "../preferences.ts";
import { to } from "../route.ts";
import { counted, duration, listed } from "../words.ts";

type Monitor = ListedMonitorAnswer["monitor"];

function keyOf({ monitor }: ListedMonitorAnswer): string {
  return JSON.stringify([monitor.job, monitor.service, monitor.environment]);
}

const isOwn = ({ monitor }: ListedMonitorAnswer): boolean => monitor.service === "midwatch";

export function MonitorSettings(): JSX.Element {
  const { data, fault, again } = useAnswer<MonitorList>(address("/monitors"), 60_000);
  const [part, setPart] = useState("");
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const all = data?.rows ?? [];
  const wanted = part.toLowerCase();
  const rows = all
    .filter(({ monitor }) =>
      [monitor.job, monitor.service, monitor.owner].some((text) => text?.toLowerCase().includes(wanted)),
    )
    // Midwatch's own jobs are the last that somebody looks for.
    .toSorted((a, b) => Number(isOwn(a)) - Number(isOwn(b)));
  const set = all.filter(({ source }) => source === "set").length;
  return (
    <section aria-labelledby="monitors">
      <h2 id="monitors">
        Monitors <span>{data && `${counted(all.length, "job")}, of which ${set} were set by somebody`}</span>
      </h2>
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="monitors" rows={6} />}
      {data && (
        <div class="tools">
          <input
            class="field"
            type="search"
            aria-label="Part of a job's name, service or owner"
            placeholder="Part of a name, service or owner"
            value={part}
            onInput={(event) => setPart(event.currentTarget.value)}
          />
        </div>
      )}
      {data && rows.length === 0 && <p class="nothing">No job is named so.</p>}
      {rows.length > 0 && (
        <Table
          name="Monitors"
          rows={rows}
          columns={columnsWith((row) => setOpened(opened === keyOf(row) ? undefined : keyOf(row)), opened)}
          keyOf={keyOf}
          rowHeight={31}
          narrow={(row) => (
            <span class="narrow-row">
              <a data-row class="narrow-name" href={to("/job", nameOf(row.monitor))}>
                <Plain text={row.monitor.job} lengthMax={120} />
              </a>
              <span class="mono">{row.monitor.severity}</span>
              <span class="narrow-about faint">{dueWords(row.monitor)}</span>
            </span>
          )}
          open={(row) =>
            opened === keyOf(row) ? (
              <MonitorForm
                key={keyOf(row)}
                row={row}
                done={() => {
                  setOpened(undefined);
                  again();
                }}
              />
            ) : undefined
          }
        />
      )}
    </section>
  );
}

function nameOf({ job, service, environment }: Monitor) {
  return { job, service, environment };
}

function dueWords({ schedules }: Monitor): string {
  return schedules.length === 0 ? "no time" : listed([...new Set(schedules.map(scheduleWords))].slice(0, 3));
}

function limitWords({ durationMaxMs, waitMaxMs, overlapAllowed }: Monitor): string {
  return listed([
    ...(durationMaxMs === undefined ? [] : [`runs ${duration(durationMaxMs)}`]),
    ...(waitMaxMs === undefined ? [] : [`waits ${duration(waitMaxMs)}`]),
    ...(overlapAllowed ? [] : ["one at a time"]),
  ]);
}

function columnsWith(
  toggle: (row: ListedMonitorAnswer) => void,
  opened: string | undefined,
): readonly Column<ListedMonitorAnswer>[] {
  return [
    {
      name: "job",
      head: "Job",
      width: "minmax(160px, 1.3fr)",
      cell: ({ monitor }) => (
        <a data-row class="row-link" href={to("/job", nameOf(monitor))}>
          <Plain text={monitor.job} lengthMax={120} />
        </a>
      ),
    },
    {
      name: "where",
      head: "In",
      width: "minmax(170px, 1fr)",
      drop: 3,
      cell: ({ monitor }) => (
        <span class="quiet">
          <Plain
            text={[monitor.service, monitor.environment].filter((one) => one !== undefined).join(" · ")}
            lengthMax={80}
          />
        </span>
      ),
    },
    { name: "due", head: "Due", width: "minmax(120px, 0.9fr)", cell: ({ monitor }) => dueWords(monitor) },
    {
      name: "limits",
      head: "At most",
      width: "minmax(100px, 0.7fr)",
      drop: 2,
      cell: ({ monitor }) => <span class="quiet">{limitWords(monitor)}</span>,
    },
    { name: "severity", head: "Urgency", width: "70px", drop: 4, cell: ({ monitor }) => monitor.severity },
    {
      name: "owner",
      head: "Owner",
      width: "minmax(80px, 0.6fr)",
      drop: 5,
      cell: ({ monitor }) => <Plain text={monitor.owner ?? ""} lengthMax={60} />,
    },
    {
      name: "source",
      head: "Said by",
      width: "90px",
      drop: 1,
      cell: (row) => (
        <span class="quiet">
          {row.source === "set"
            ? (row.changedBy ?? "somebody")
            : row.source === "declared"
              ? "declared"
              : "nobody"}
        </span>
      ),
    },
    {
      name: "change",
      head: "Change",
      width: "62px",
      right: true,
      cell: (row) =>
        may("configure") && (
          <button
            type="button"
            class="link"
            aria-expanded={opened === keyOf(row)}
            onClick={() => toggle(row)}
          >
            Change<span class="hidden"> {row.monitor.job}</span>
          </button>
        ),
    },
  ];
}

function minutesOf(ms: number | undefined): string {
  return ms === undefined ? "" : String(ms / 60_000);
}

/** Undefined for an empty text. */
function msOf(minutes: string): number | undefined {
  return minutes.trim() === "" ? undefined : Math.round(Number(minutes) * 60_000);
}

const urgencies = ["info", "warning", "error", "critical"] as const;

function MonitorForm({
  row,
  done,
}: {
  readonly row: ListedMonitorAnswer;
  readonly done: () => void;
}): JSX.Element {
  const { monitor } = row;
  const [owner, setOwner] = useState(monitor.owner ?? "");
  const [runbook, setRunbook] = useState(monitor.runbook ?? "");
  const [severity, setSeverity] = useState(monitor.severity);
  const [grace, setGrace] = useState(minutesOf(monitor.graceMs));
  const [longest, setLongest] = useState(minutesOf(monitor.durationMaxMs));
  const [wait, setWait] = useState(minutesOf(monitor.waitMaxMs));
  const [overlap, setOverlap] = useState(monitor.overlapAllowed);
  const [said, setSaid] = useState("");
  const put = async (body: object): Promise<void> => {
    try {
      await change("PUT", address("/monitors"), { ...body, ...byActor() });
      done();
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid(error.message);
    }
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { durationMaxMs: _longest, waitMaxMs: _wait, owner: _owner, runbook: _runbook, ...rest } = monitor;
    const durationMaxMs = msOf(longest);
    const waitMaxMs = msOf(wait);
    const changed: Monitor = {
      ...rest,
      schedules: await setSchedules(monitor, row.source),
      severity,
      graceMs: msOf(grace) ?? monitor.graceMs,
      overlapAllowed: overlap,
      ...(durationMaxMs !== undefined && { durationMaxMs }),
      ...(waitMaxMs !== undefined && { waitMaxMs }),
      ...(owner.trim() !== "" && { owner: owner.trim() }),
      ...(runbook.trim() !== "" && { runbook: runbook.trim() }),
    };
    await put({ monitors: [changed] });
  };
  return (
    <form
      class="settings-form"
      aria-label={`Monitor of ${monitor.job}`}
      onSubmit={(event) => void save(event)}
    >
      <Field label="Owner" value={owner} set={setOwner} optional />
      <Field label="Runbook" value={runbook} set={setRunbook} optional hint="https://…" />
      <label>
        Urgency
        <select
          class="field"
          value={severity}
          onChange={(event) =>
            setSeverity(urgencies.find((one) => one === event.currentTarget.value) ?? "warning")
          }
        >
          {urgencies.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <Minutes label="Grace after a slot, minutes" value={grace} set={setGrace} />
      <Minutes label="Runs at most, minutes" value={longest} set={setLongest} />
      <Minutes label="Waits at most, minutes" value={wait} set={setWait} />
      <label class="check">
        <input
          type="checkbox"
          checked={!overlap}
          onChange={(event) => setOverlap(!event.currentTarget.checked)}
        />
        one run at a time
      </label>
      <button type="submit" class="control strong">
        Set it
      </button>
      {row.source === "set" && (
        <button
          type="button"
          class="control"
          onClick={() => void put({ monitors: [], remove: [nameOf(monitor)] })}
        >
          Take back what was set
        </button>
      )}
      <p class="failed" role="status">
        {said}
      </p>
    </form>
  );
}

/** Only schedules that somebody set are sent again: what is declared shall go on following the declaration. */
async function setSchedules(
  monitor: Monitor,
  source: ListedMonitorAnswer["source"],
): Promise<Monitor["schedules"]> {
  if (source !== "set") return [];
  const { changes } = await ask<MonitorDetail>(address("/monitor", nameOf(monitor)));
  return changes[0]?.after?.schedules ?? [];
}

type MinutesGiven = { readonly label: string; readonly value: string; readonly set: (text: string) => void };

function Minutes({ label, value, set }: MinutesGiven): JSX.Element {
  return (
    <label>
      {label}
      <input
        class="field"
        type="number"
        min="0"
        step="any"
        value={value}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}
