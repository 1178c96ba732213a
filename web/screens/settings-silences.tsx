/** Silences: nobody need be told of something for a time, and why. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SilenceAnswer, SilenceList } from "../../src/api/watch-schemas.ts";
import { address, change, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { may } from "../me.ts";
import { useDoing } from "../parts/doing.ts";
import { Field } from "../parts/field.tsx";
import { Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Ago, Stamp } from "../parts/time.tsx";
import { byActor } from "../preferences.ts";
import { listed } from "../words.ts";

export function SilenceSettings(): JSX.Element {
  const { data, fault, again } = useAnswer<SilenceList>(address("/silences"), 15_000);
  const inForce = (data?.rows ?? []).filter(({ state }) => state === "in force").length;
  return (
    <section aria-labelledby="silences">
      <h2 id="silences">
        Silences{" "}
        <span>
          {inForce === 0 ? "none in force" : `${inForce} in force`}; everything is recorded all the same
        </span>
      </h2>
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="silences" rows={3} />}
      {data && data.rows.length > 0 && <Silences rows={data.rows} changed={again} />}
      {may("respond") && <NewSilence made={again} />}
    </section>
  );
}

function whenWords(when: SilenceAnswer["when"]): string {
  const parts = Object.entries(when).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? "every incident" : listed(parts);
}

type Given = { readonly rows: readonly SilenceAnswer[]; readonly changed: () => void };

function Silences({ rows, changed }: Given): JSX.Element {
  const end = async (id: string): Promise<void> => {
    await change("POST", address(`/silences/${encodeURIComponent(id)}/end`), byActor());
    changed();
  };
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-label="Silences">
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Of</th>
            <th scope="col">Why</th>
            <th scope="col">By</th>
            <th scope="col" class="right">
              Until
            </th>
            <th scope="col" class="right">
              <span class="hidden">End</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, 50).map((row) => (
            <tr key={row.id} class={row.state === "over" ? "faint" : undefined}>
              <td>
                {row.state}
                {row.purpose === "maintenance" && <span class="tag">maintenance</span>}
              </td>
              <td>
                <Plain text={whenWords(row.when)} lengthMax={200} />
              </td>
              <td>
                <Plain text={row.reason} lengthMax={200} />
              </td>
              <td>
                <Plain text={row.by} lengthMax={60} />
              </td>
              <td class="right mono">
                {row.state === "over" ? (
                  <Ago time={row.endedTime ?? row.untilTime} />
                ) : (
                  <Stamp time={row.untilTime} />
                )}
              </td>
              <td class="right">
                {row.state !== "over" && may("respond") && (
                  <button type="button" class="link" onClick={() => void end(row.id)}>
                    End<span class="hidden"> the silence of {whenWords(row.when)}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const lengths = [
  [0.5, "for 30 minutes"],
  [1, "for 1 hour"],
  [2, "for 2 hours"],
  [8, "for 8 hours"],
  [24, "for a day"],
  [168, "for a week"],
] as const;

function NewSilence({ made }: { readonly made: () => void }): JSX.Element {
  const [job, setJob] = useState("");
  const [service, setService] = useState("");
  const [hours, setHours] = useState(1);
  const [reason, setReason] = useState("");
  const [purpose, setPurpose] = useState<"silence" | "maintenance">("silence");
  const { said, run } = useDoing();
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = { job: job.trim(), service: service.trim() };
    const when = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ""));
    const until = new Date(nowMs.peek() + hours * 3_600_000).toISOString();
    run(async () => {
      await change("POST", address("/silences"), {
        purpose,
        when,
        until,
        reason: reason.trim(),
        ...byActor(),
      });
      setReason("");
      made();
      return `Nobody is told of ${whenWords(when)} ${lengths.find(([one]) => one === hours)?.[1] ?? ""}.`;
    });
  };
  return (
    <form class="settings-form" aria-label="New silence" onSubmit={submit}>
      <Field label="Job" value={job} set={setJob} optional hint="any" />
      <Field label="Service" value={service} set={setService} optional hint="any" />
      <label>
        How long
        <select class="field" value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
          {lengths.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        What for
        <select
          class="field"
          value={purpose}
          onChange={(event) =>
            setPurpose(event.currentTarget.value === "maintenance" ? "maintenance" : "silence")
          }
        >
          <option value="silence">it is noisy</option>
          <option value="maintenance">planned work</option>
        </select>
      </label>
      <Field label="Why" value={reason} set={setReason} />
      <button type="submit" class="control" disabled={reason.trim() === ""}>
        Silence it
      </button>
      <p class="faint" role="status">
        {said}
      </p>
    </form>
  );
}
