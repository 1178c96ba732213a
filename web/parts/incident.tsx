/** What is the same wherever an incident is shown: its mark, its evidence, and what can be decided. */
import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Run } from "../../src/api/schemas.ts";
import { AskFault } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { type Act, decide, type Incident, isWebAddress, madeMs, markOf } from "../incidents.ts";
import { actor } from "../preferences.ts";
import { zoomed } from "../range.ts";
import { to } from "../route.ts";
import { stampText } from "../times.ts";
import { isSnoozed } from "../triage.ts";
import { number } from "../words.ts";
import { Plain } from "./plain.tsx";
import { RunEvidence } from "./runs.tsx";
import { State } from "./state.tsx";
import { Stamp } from "./time.tsx";

type Given = { readonly incident: Incident };

export function IncidentMark({ incident }: Given): JSX.Element {
  return <State {...markOf(incident)} />;
}

/** That somebody has it, or put it off. */
export function TakenMark({ incident }: Given): JSX.Element {
  const isPutOff = isSnoozed(incident, nowMs.value);
  return <State state={isPutOff ? "waiting" : "running"} word={isPutOff ? "Snoozed" : "Taken"} />;
}

/** "until 08:34, by Mara: why" */
export function TakenWords({ incident }: Given): JSX.Element {
  const { snoozedUntilTime, decidedBy = "somebody", decidedBecause = "" } = incident;
  return (
    <>
      {isSnoozed(incident, nowMs.value) && (
        <>
          {"until "}
          <Stamp time={snoozedUntilTime} />
          {", "}
        </>
      )}
      {"by "}
      <Plain text={decidedBy} lengthMax={100} />
      {": "}
      <Plain text={decidedBecause} lengthMax={500} />
    </>
  );
}

/** What tempers the sentence: whether it is sure, and whether it comes and goes. */
export function IncidentTags({ incident }: Given): JSX.Element {
  return (
    <>
      {incident.unknown && (
        <span class="tag" title="Nobody was there to see it: it may be well">
          not sure
        </span>
      )}
      {incident.children !== undefined && (
        <span class="tag" title="They have the same cause and are told with this one">
          {number(incident.children)} with it
        </span>
      )}
      {incident.flapping && (
        <span class="tag" title="It comes and goes">
          flapping
        </span>
      )}
    </>
  );
}

type EvidenceGiven = Given & {
  readonly max: number;
  readonly stepped?: boolean;
  /** What is known of runs, by their ids; of others the id alone is shown. */
  readonly runs?: ReadonlyMap<string, Run>;
};

/** Runs first: they tell more than single events. `stepped`: j and k stop at each. */
export function IncidentEvidence({ incident, max, stepped = false, runs }: EvidenceGiven): JSX.Element {
  const row = stepped ? { "data-row": "" } : {};
  const { runIds, eventIds } = incident;
  const [newest] = eventIds;
  const atMs = newest === undefined ? Number.NaN : madeMs(newest);
  return (
    <ul class="evidence">
      {runIds.slice(0, max).map((runId) => {
        const run = runs?.get(runId);
        return (
          <li key={runId}>
            {run === undefined ? (
              <a {...row} href={to(`/runs/${encodeURIComponent(runId)}`)}>
                {"run "}
                <Plain text={runId} lengthMax={80} />
              </a>
            ) : (
              <RunEvidence run={run} />
            )}
          </li>
        );
      })}
      {runIds.length > max && <li class="faint">and {number(runIds.length - max)} more</li>}
      {newest !== undefined && atMs > 0 && (
        <li>
          <a {...row} href={to("/logs", { ...zoomed(atMs - 30_000, atMs + 30_000), at: newest })}>
            {`events around ${stampText(atMs, nowMs.peek())}`}
          </a>
        </li>
      )}
    </ul>
  );
}

export function Runbook({ text }: { readonly text: string }): JSX.Element {
  const shown = <Plain text={text} lengthMax={200} />;
  if (!isWebAddress(text)) return shown;
  return (
    <a href={text} target="_blank" rel="noreferrer">
      {shown}
    </a>
  );
}

const spans = [
  [1, "for 1 hour"],
  [4, "for 4 hours"],
  [12, "for 12 hours"],
  [24, "for 1 day"],
  [72, "for 3 days"],
  [168, "for 1 week"],
] as const;

/** The row is about to leave its list: the focus goes to the next that needs somebody. */
function keepFocus(root: Element | null): void {
  if (!root?.contains(document.activeElement) || root.matches(".whole")) return;
  const rows = [...document.querySelectorAll<HTMLElement>("main article [data-row]")];
  const at = rows.findIndex((row) => root.contains(row));
  (rows[at + 1] ?? rows[at - 1] ?? document.querySelector<HTMLElement>("#main"))?.focus();
}

export function Decisions({ incident }: Given): JSX.Element {
  const [form, setForm] = useState<"snooze" | "resolve" | undefined>(undefined);
  const [fault, setFault] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const name = incident.job ?? incident.host ?? incident.kind;
  const send = async (act: Act, words: Parameters<typeof decide>[2] = {}): Promise<void> => {
    setBusy(true);
    setFault(undefined);
    try {
      await decide(incident, act, words);
      setForm(undefined);
      keepFocus(place.current?.closest("article") ?? null);
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setFault(error.message);
    }
    setBusy(false);
  };
  const toggle = (act: "snooze" | "resolve", word: string): JSX.Element => (
    <button
      type="button"
      class="control"
      aria-label={`${word} ${name}`}
      aria-expanded={form === act}
      onClick={() => setForm(form === act ? undefined : act)}
    >
      {word}
    </button>
  );
  return (
    <div class="decisions" ref={place}>
      <div class="buttons">
        {incident.state === "open" && (
          <button
            type="button"
            class="control on"
            data-acknowledge
            disabled={busy}
            aria-label={`Acknowledge ${name}`}
            aria-keyshortcuts="a"
            onClick={() => void send("acknowledge")}
          >
            Acknowledge
          </button>
        )}
        {toggle("snooze", "Snooze")}
        {toggle("resolve", "Resolve")}
      </div>
      {form && (
        <ReasonForm
          key={form}
          act={form}
          busy={busy}
          send={send}
          leave={() => {
            place.current?.querySelector<HTMLElement>(`[aria-expanded="true"]`)?.focus();
            setForm(undefined);
          }}
        />
      )}
      {fault !== undefined && (
        <p class="failed" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}

type FormGiven = {
  readonly act: "snooze" | "resolve" | "note";
  readonly busy: boolean;
  readonly send: (act: Act, words: { reason: string; until?: string }) => Promise<void>;
  readonly leave?: () => void;
};

/** A decision without a reason helps nobody who comes after. */
export function ReasonForm({ act, busy, send, leave }: FormGiven): JSX.Element {
  const [reason, setReason] = useState("");
  const [hours, setHours] = useState("4");
  return (
    <form
      class="inline reason"
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !leave) return;
        event.stopPropagation();
        leave();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const until = new Date(nowMs.peek() + Number(hours) * 3_600_000).toISOString();
        void send(act, { reason: reason.trim(), ...(act === "snooze" && { until }) }).then(() =>
          setReason(""),
        );
      }}
    >
      <input
        class="field"
        required
        pattern=".*\S.*"
        maxLength={500}
        aria-label={act === "note" ? "Note" : "Reason"}
        placeholder={act === "note" ? "Note" : act === "snooze" ? "Why can it wait?" : "Why is it over?"}
        value={reason}
        ref={(input) => {
          if (input && leave && !input.dataset["met"]) {
            input.dataset["met"] = "1";
            input.focus();
          }
        }}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      {act === "snooze" && (
        <select
          class="field"
          aria-label="How long"
          value={hours}
          onChange={(event) => setHours(event.currentTarget.value)}
        >
          {spans.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      )}
      <input
        class="field who"
        maxLength={100}
        aria-label="Your name"
        placeholder="Your name"
        value={actor.value}
        onInput={(event) => {
          actor.value = event.currentTarget.value;
        }}
      />
      <button type="submit" class="control strong" disabled={busy}>
        {act === "note" ? "Add the note" : act === "snooze" ? "Snooze it" : "Resolve it"}
      </button>
    </form>
  );
}
