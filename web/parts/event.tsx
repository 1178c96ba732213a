/** Events in lists and opened: a severity that is not only a colour, one line of text, all fields. */
import type { JSX } from "preact";
import type { Severity } from "../../src/model/event.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { zoomed } from "../range.ts";
import { path, query, to } from "../route.ts";
import { duration, firstLine } from "../words.ts";
import { narrowed } from "./complete.ts";
import { CopyButton } from "./copy.tsx";
import { Structure } from "./json.tsx";
import { Plain } from "./plain.tsx";
import { EventProof } from "./proof.tsx";
import { Stamp } from "./time.tsx";

export function keyOfEvent(event: StoredEvent): string {
  return event.id;
}

export function SeverityWord({ severity }: { readonly severity: Severity | undefined }): JSX.Element {
  return <span class={`severity ${severity ?? "none"}`}>{severity ?? "–"}</span>;
}

/** One line for people, also for events that carry no message of their own. */
export function eventText(event: StoredEvent): string {
  if (event.message !== undefined) return event.message;
  const error = [event.error_class, event.error_message].filter((one) => one !== undefined).join(": ");
  const parts = [
    event.job,
    event.attempt === undefined ? undefined : `attempt ${event.attempt}`,
    event.outcome,
    event.duration_ms === undefined ? undefined : duration(event.duration_ms),
    event.worker,
    error === "" ? undefined : error,
  ];
  return parts.filter((one) => one !== undefined).join(" · ");
}

export function eventWhere(event: StoredEvent): string {
  return [event.service, event.host].filter((one) => one !== undefined).join(" · ");
}

/** Fields that the opened event shows in ways of their own. */
const shownElsewhere = new Set(["attributes", "message", "error_stack", "segment", "segment_index"]);

export function EventDetail({ event }: { readonly event: StoredEvent }): JSX.Element {
  const fields = Object.entries(event).filter(
    (entry): entry is [string, string | number] =>
      !shownElsewhere.has(entry[0]) && (typeof entry[1] === "string" || typeof entry[1] === "number"),
  );
  const long = event.message !== undefined && (event.message.includes("\n") || event.message.length > 100);
  return (
    <div class="event-detail">
      <EventLinks event={event} />
      {long && (
        <pre tabIndex={0} aria-label="Message">
          <Plain text={event.message ?? ""} />
        </pre>
      )}
      {event.error_stack !== undefined && (
        <pre tabIndex={0} aria-label="Stack">
          <Plain text={event.error_stack} />
        </pre>
      )}
      <dl class="fields">
        {fields.map(([name, value]) => (
          <FieldLine key={name} name={name} value={String(value)} />
        ))}
        <div>
          <dt>ledger</dt>
          <dd>
            segment {event.segment}, place {event.segment_index} <EventProof event={event} />
          </dd>
        </div>
      </dl>
      {event.attributes !== undefined && (
        <>
          <h3>Attributes</h3>
          <Structure value={event.attributes} />
        </>
      )}
    </div>
  );
}

function EventLinks({ event }: { readonly event: StoredEvent }): JSX.Element {
  const atMs = Date.parse(event.time);
  const around = {
    ...zoomed(atMs - 30_000, atMs + 30_000),
    q: event.host && narrowed("", "host", event.host),
    at: event.id,
  };
  return (
    <p class="event-links">
      {event.run_id !== undefined && <a href={to(`/runs/${encodeURIComponent(event.run_id)}`)}>Run</a>}
      {event.trace_id !== undefined && (
        <a href={to("/logs", { q: narrowed("", "trace_id", event.trace_id) })}>Trace</a>
      )}
      <a href={to("/logs", around)}>Lines around it</a>
      <CopyButton text={JSON.stringify(event, null, 2)} name="the event as JSON" />
    </p>
  );
}

/** Fields whose values say when or which, not what; filtering by them is of no use. */
const notFiltered = new Set([
  "time",
  "received_time",
  "duration_ms",
  "wait_ms",
  "cpu_ms",
  "max_rss_bytes",
  "source_seq",
  "error_message",
]);

function FieldLine({ name, value }: { readonly name: string; readonly value: string }): JSX.Element {
  const text = path.value === "/logs" ? (query.value.get("q") ?? "") : "";
  const isTime = name === "time" || name === "received_time";
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {isTime ? <Stamp time={value} /> : <Plain text={value} lengthMax={2000} />}
        {!notFiltered.has(name) && (
          <span class="narrowing">
            <a
              href={to("/logs", { q: narrowed(text, name, value) })}
              aria-label={`Only ${name} ${firstLine(value, 60)}`}
            >
              only
            </a>
            <a
              href={to("/logs", { q: narrowed(text, name, value, true) })}
              aria-label={`Without ${name} ${firstLine(value, 60)}`}
            >
              without
            </a>
          </span>
        )}
      </dd>
    </div>
  );
}
