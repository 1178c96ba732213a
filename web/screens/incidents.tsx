/** All incidents: those that are not over, those that are, and for how long nobody need be told of what. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { IncidentList, SilenceAnswer, SilenceList } from "../../src/api/watch-schemas.ts";
import { address, change, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { type Incident, incidentAddress } from "../incidents.ts";
import { may } from "../me.ts";
import { useDoing } from "../parts/doing.ts";
import { IncidentMark, IncidentTags } from "../parts/incident.tsx";
import { Loading, Problem, Refused } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago, Stamp } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { byActor } from "../preferences.ts";
import { counted } from "../words.ts";

export function IncidentsScreen(): JSX.Element {
  const { data, fault, again } = useAnswer<IncidentList>(address("/incidents", { limit: 500 }), 10_000);
  const rows = data?.rows ?? [];
  const [open, over] = [true, false].map((isOpen) =>
    rows.filter(({ state }) => (state !== "resolved") === isOpen),
  );
  const sentence = data ? `${counted(open?.length ?? 0, "incident")} not over` : "Incidents";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="incidents" rows={8} />}
      <IncidentRows rows={open ?? []} />
      <Silences />
      {data && (
        <section aria-labelledby="over">
          <h2 id="over">
            Over <span>the newest first, and by what that is known</span>
          </h2>
          {over?.length === 0 && <p class="quiet">None yet.</p>}
          <IncidentRows rows={over ?? []} />
        </section>
      )}
    </>
  );
}

function IncidentRows({ rows }: { readonly rows: readonly Incident[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <div class="table">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">What</th>
            <th scope="col">Severity</th>
            <th scope="col" class="right">
              Found
            </th>
            <th scope="col" class="right">
              Last
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((incident) => (
            <IncidentRow key={incident.id} incident={incident} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function IncidentRow({ incident }: { readonly incident: Incident }): JSX.Element {
  const { because, severity, count, lastTime, resolvedTime, resolvedBecause, parentId } = incident;
  return (
    <tr>
      <td>
        <IncidentMark incident={incident} />
      </td>
      <td>
        <a data-row href={incidentAddress(incident)}>
          <Plain text={because} lengthMax={200} />
        </a>
        <IncidentTags incident={incident} />
        {parentId !== undefined && <span class="tag">part of another</span>}
        {resolvedBecause !== undefined && (
          <p class="quiet">
            <Plain text={resolvedBecause} lengthMax={200} />
          </p>
        )}
      </td>
      <td>{severity}</td>
      <td class="right mono">{count}</td>
      <td class="right mono">
        <Ago time={resolvedTime ?? lastTime} />
      </td>
    </tr>
  );
}

function Silences(): JSX.Element {
  const { data, fault, again } = useAnswer<SilenceList>(address("/silences"), 15_000);
  const shown = (data?.rows ?? []).filter(({ state }) => state !== "over");
  return (
    <section aria-labelledby="silences">
      <h2 id="silences">
        Nobody is told of these <span>everything is recorded all the same</span>
      </h2>
      {fault && !data && <Problem fault={fault} again={again} />}
      {data && shown.length === 0 && <p class="quiet">Nothing is silenced, and no maintenance is planned.</p>}
      <ul class="taken">
        {shown.map((silence) => (
          <SilenceRow key={silence.id} silence={silence} changed={again} />
        ))}
      </ul>
      {may("respond") && <SilenceForm made={again} />}
    </section>
  );
}

type RowGiven = { readonly silence: SilenceAnswer; readonly changed: () => void };

function SilenceRow({ silence, changed }: RowGiven): JSX.Element {
  const { id, when, state, purpose, fromTime, untilTime, reason, by } = silence;
  const of = Object.entries(when)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const end = async (): Promise<void> => {
    await change("POST", address(`/silences/${encodeURIComponent(id)}/end`), byActor());
    changed();
  };
  return (
    <li>
      <span>{purpose === "maintenance" ? "Maintenance" : "Silence"}</span>
      <div>
        <Plain text={of === "" ? "every incident" : of} lengthMax={200} />
        {state === "to come" ? ", from " : ", until "}
        <Stamp time={state === "to come" ? fromTime : untilTime} />
        {state === "to come" && (
          <>
            {" until "}
            <Stamp time={untilTime} />
          </>
        )}
        <p class="quiet">
          {"by "}
          <Plain text={by} lengthMax={100} />
          {": "}
          <Plain text={reason} lengthMax={500} />{" "}
          {may("respond") && (
            <button type="button" class="link" aria-label={`End it: ${reason}`} onClick={() => void end()}>
              End it
            </button>
          )}
        </p>
      </div>
    </li>
  );
}

const hours = [1, 4, 12, 24, 72, 168] as const;
const matchers = ["job", "service", "environment", "host"] as const;

function SilenceForm({ made }: { readonly made: () => void }): JSX.Element {
  const [by, setBy] = useState<(typeof matchers)[number]>("job");
  const [value, setValue] = useState("");
  const [reason, setReason] = useState("");
  const [span, setSpan] = useState("4");
  const { said, run } = useDoing();
  const send = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      await change("POST", address("/silences"), {
        when: { [by]: value.trim() },
        until: new Date(nowMs.peek() + Number(span) * 3_600_000).toISOString(),
        reason: reason.trim(),
        ...byActor(),
      });
      setValue("");
      setReason("");
      made();
      return "";
    });
  };
  return (
    <form class="inline reason" onSubmit={send}>
      <select
        class="field"
        aria-label="Which incidents"
        value={by}
        onChange={(event) => setBy(event.currentTarget.value as (typeof matchers)[number])}
      >
        {matchers.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <input
        class="field"
        required
        pattern=".*\S.*"
        maxLength={255}
        aria-label={`Name of the ${by}`}
        placeholder={`Name of the ${by}`}
        value={value}
        onInput={(event) => setValue(event.currentTarget.value)}
      />
      <input
        class="field"
        required
        pattern=".*\S.*"
        maxLength={500}
        aria-label="Why need nobody be told?"
        placeholder="Why need nobody be told?"
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <select
        class="field"
        aria-label="How long"
        value={span}
        onChange={(event) => setSpan(event.currentTarget.value)}
      >
        {hours.map((hour) => (
          <option key={hour} value={hour}>
            for {counted(hour, "hour")}
          </option>
        ))}
      </select>
      <button type="submit" class="control">
        Silence it
      </button>
      <Refused message={said} />
    </form>
  );
}
