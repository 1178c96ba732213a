/** One incident: what is wrong, what can be decided, and every decision so far with its reason. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { IncidentDetailAnswer } from "../../src/api/watch-schemas.ts";
import { AskFault, address } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { decide, nextStep, useFresh } from "../incidents.ts";
import {
  Decisions,
  IncidentEvidence,
  IncidentMark,
  IncidentTags,
  ReasonForm,
  Runbook,
  TakenMark,
  TakenWords,
} from "../parts/incident.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago, Stamp } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { to } from "../route.ts";
import { isSnoozed } from "../triage.ts";
import { capital, counted } from "../words.ts";

export function IncidentScreen({ id }: { readonly id: string }): JSX.Element {
  const { data, fault, again } = useFresh<IncidentDetailAnswer>(
    address(`/incidents/${encodeURIComponent(id)}`),
    4000,
  );
  useTitle(data?.incident.because ?? "Incident");
  if (!data) {
    return fault && fault.status !== 0 ? (
      <>
        <h1>No incident can be shown here.</h1>
        <Problem fault={fault} again={again} />
      </>
    ) : (
      <Loading what="the incident" rows={12} />
    );
  }
  return <Whole detail={data} />;
}

type Given = { readonly detail: IncidentDetailAnswer };

function Whole({ detail }: Given): JSX.Element {
  const { incident } = detail;
  const { because, state, severity, count, openedTime, resolvedBecause = "" } = incident;
  return (
    <article class="whole">
      <h1>
        <Plain text={because} lengthMax={600} />
      </h1>
      <p class="sub">
        <IncidentMark incident={incident} />
        {`${severity} · found ${counted(count, "time")} since `}
        <Stamp time={openedTime} />
        <IncidentTags incident={incident} />
      </p>
      {state === "resolved" ? (
        <p class="strip">
          {"Resolved "}
          <Ago time={incident.resolvedTime} />
          {": "}
          <Plain text={resolvedBecause} lengthMax={500} />
        </p>
      ) : (
        <>
          {(state === "acknowledged" || isSnoozed(incident, nowMs.value)) && (
            <p class="strip">
              <TakenMark incident={incident} /> <TakenWords incident={incident} />
            </p>
          )}
          <p class="why">Next: {nextStep(incident)}</p>
          <Decisions incident={incident} />
        </>
      )}
      {incident.parentId !== undefined && (
        <p class="strip">
          {"It is part of "}
          <a href={to(`/incidents/${encodeURIComponent(incident.parentId)}`)}>another incident</a>
          {", which is told instead."}
        </p>
      )}
      <div class="two">
        <Timeline detail={detail} />
        <Facts detail={detail} />
      </div>
    </article>
  );
}

function Timeline({ detail: { incident, timeline } }: Given): JSX.Element {
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">
        What happened <span>every decision and its reason, newest first</span>
      </h2>
      <ReasonForm
        act="note"
        busy={busy}
        send={async (_act, { reason }) => {
          setBusy(true);
          try {
            await decide(incident, "note", { reason });
            setFault(undefined);
          } catch (error) {
            if (!(error instanceof AskFault)) throw error;
            setFault(error.message);
          }
          setBusy(false);
        }}
      />
      {fault !== undefined && (
        <p class="failed" role="alert">
          {fault}
        </p>
      )}
      <ol class="acts">
        {timeline.map(({ time, act, by, because }, index) => (
          <li key={timeline.length - index}>
            <span class="mono faint">
              <Stamp time={time} />
            </span>
            <b>{capital(act)}</b>
            <div>
              <Plain text={because} lengthMax={1000} />
              {by !== "Midwatch" && (
                <span class="faint">
                  {" by "}
                  <Plain text={by} lengthMax={100} />
                </span>
              )}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Facts({ detail: { incident, messages } }: Given): JSX.Element {
  const { job, service, environment, host, owner, runbook } = incident;
  return (
    <aside class="facts" aria-label="Facts">
      <h2>Evidence</h2>
      <IncidentEvidence incident={incident} max={20} stepped />
      <h2>Where</h2>
      <dl>
        {job !== undefined && (
          <Fact name="Job">
            <a href={to("/job", { job, service })}>
              <Plain text={job} lengthMax={200} />
            </a>
          </Fact>
        )}
        <Fact name="Service" text={service} />
        <Fact name="Environment" text={environment} />
        <Fact name="Host" text={host} />
        <Fact name="Owner" text={owner} />
        {runbook !== undefined && (
          <Fact name="Runbook">
            <Runbook text={runbook} />
          </Fact>
        )}
        <Fact name="Last seen">
          <Ago time={incident.lastTime} />
        </Fact>
      </dl>
      <h2>Who was told</h2>
      {messages.length === 0 && <p class="quiet">Nobody.</p>}
      <dl>
        {messages.slice(0, 20).map(({ id, channel, tiding, state, receipt = "" }) => (
          <Fact key={id} name={channel}>
            {`${tiding}, ${state} `}
            <Plain text={receipt} lengthMax={120} />
          </Fact>
        ))}
      </dl>
    </aside>
  );
}

type FactGiven = {
  readonly name: string;
  readonly text?: string | undefined;
  readonly children?: ComponentChildren;
};

function Fact({ name, text, children }: FactGiven): JSX.Element | null {
  if (text === undefined && !children) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd class="mono">{children ?? <Plain text={text ?? ""} lengthMax={200} />}</dd>
    </div>
  );
}
