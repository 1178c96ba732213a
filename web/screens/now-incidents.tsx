/** Incidents on Now: those that wait for somebody, and below, quieter, those that somebody has. */
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import type { Run, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { type Incident, incidentAddress, nextStep } from "../incidents.ts";
import {
  Decisions,
  IncidentEvidence,
  IncidentMark,
  IncidentTags,
  Runbook,
  TakenMark,
  TakenWords,
} from "../parts/incident.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago, Since, Stamp } from "../parts/time.tsx";
import { to } from "../route.ts";
import { isSnoozed } from "../triage.ts";
import { counted, number } from "../words.ts";

const shownMax = 50;
/** Runs that an incident shows, and incidents of which they are read: together what one question takes. */
const evidenceMax = 3;
const evidencedMax = 16;

type Given = { readonly rows: readonly Incident[] };

export function OpenIncidents({ rows }: Given): JSX.Element | null {
  const runs = useEvidence(rows);
  if (rows.length === 0) return null;
  return (
    <section aria-label="What needs you" class="problems">
      {rows.slice(0, shownMax).map((incident) => (
        <OpenIncident key={incident.id} incident={incident} runs={runs} />
      ))}
      <More rows={rows} />
    </section>
  );
}

/** The runs that the first incidents show. What was read before stays while the next are asked for. */
function useEvidence(rows: readonly Incident[]): ReadonlyMap<string, Run> {
  const known = useRef<ReadonlyMap<string, Run>>(new Map());
  const ids = rows.slice(0, evidencedMax).flatMap(({ runIds }) => runIds.slice(0, evidenceMax));
  const question = { run: ids, from: "-90d", limit: evidencedMax * evidenceMax };
  const { data } = useAnswer<RunPage>(ids.length === 0 ? null : address("/runs", question));
  return useMemo(() => {
    // Another map each time: what got the same one is not drawn anew.
    known.current = new Map([
      ...known.current,
      ...(data?.rows ?? []).map((run) => [run.runId, run] as const),
    ]);
    return known.current;
  }, [data]);
}

function More({ rows }: Given): JSX.Element | null {
  if (rows.length <= shownMax) return null;
  return <p class="end">{counted(rows.length - shownMax, "more incident")}, less grave or newer.</p>;
}

type OpenGiven = { readonly incident: Incident; readonly runs: ReadonlyMap<string, Run> };

function OpenIncident({ incident, runs }: OpenGiven): JSX.Element {
  const { because, severity, openedTime, lastTime, count, owner, runbook } = incident;
  return (
    <article class="needed">
      <div>
        <IncidentMark incident={incident} />
        <div class="mono faint">
          {severity} <Since time={openedTime} />
        </div>
      </div>
      <div>
        <h2 class="needed-title">
          <a data-row href={incidentAddress(incident)}>
            <Plain text={because} lengthMax={240} />
          </a>
          <IncidentTags incident={incident} />
        </h2>
        <p class="why">
          Opened <Stamp time={openedTime} />
          {count > 1 && (
            <>
              {`, found ${counted(count, "time")}, last `}
              <Ago time={lastTime} />
            </>
          )}
          {owner !== undefined && (
            <>
              {"; belongs to "}
              <Plain text={owner} lengthMax={100} />
            </>
          )}
          .
        </p>
        <p class="why">Next: {nextStep(incident)}</p>
        {runbook !== undefined && (
          <p class="why">
            {"Runbook: "}
            <Runbook text={runbook} />
          </p>
        )}
        <IncidentEvidence incident={incident} max={evidenceMax} runs={runs} />
      </div>
      <Decisions incident={incident} />
    </article>
  );
}

/** What nobody is called for: it can wait for the day, and does not make the night look bad. */
export function NotedIncidents({ rows }: Given): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="noted">
      <h2 id="noted">
        Worth knowing <span>nobody is called for these</span>
      </h2>
      <Short rows={rows} />
    </section>
  );
}

export function QuietIncidents({ rows }: Given): JSX.Element {
  const all = <a href={to("/incidents")}>All incidents, what is over, and what is silenced</a>;
  if (rows.length === 0) return <p class="end">{all}</p>;
  return (
    <section aria-labelledby="taken">
      <h2 id="taken">
        Somebody has these <span>acknowledged, or put off until a time</span>
      </h2>
      <Short rows={rows} />
      <p class="end">{all}</p>
    </section>
  );
}

function Short({ rows }: Given): JSX.Element {
  return (
    <>
      <ul class="taken">
        {rows.slice(0, shownMax).map((incident) => (
          <ShortIncident key={incident.id} incident={incident} />
        ))}
      </ul>
      <More rows={rows} />
    </>
  );
}

function ShortIncident({ incident }: { readonly incident: Incident }): JSX.Element {
  const { because, count, state, openedTime } = incident;
  const isTaken = state !== "open" || isSnoozed(incident, nowMs.value);
  return (
    <li>
      {isTaken ? <TakenMark incident={incident} /> : <IncidentMark incident={incident} />}
      <div>
        <a data-row href={incidentAddress(incident)}>
          <Plain text={because} lengthMax={200} />
        </a>
        {count > 1 && <span class="faint"> × {number(count)}</span>}
        <p class="quiet">
          {isTaken ? (
            <TakenWords incident={incident} />
          ) : (
            <>
              {"since "}
              <Stamp time={openedTime} />. Next: {nextStep(incident)}
            </>
          )}
        </p>
      </div>
    </li>
  );
}
