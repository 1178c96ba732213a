/** The errors of a run, newest first; attempts that failed in the same way are told together. */
import type { JSX } from "preact";
import type { RunAttempt } from "../../src/api/schemas.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { CopyButton } from "../parts/copy.tsx";
import { EventTable } from "../parts/events.tsx";
import { Plain } from "../parts/plain.tsx";
import { State } from "../parts/state.tsx";
import { Stamp } from "../parts/time.tsx";
import { type StackLine, stackLines } from "../text.ts";
import { workerWords } from "../timeline.ts";
import { counted, listed } from "../words.ts";

type Same = { readonly newest: RunAttempt; readonly others: readonly number[] };

function together(attempts: readonly RunAttempt[]): readonly Same[] {
  const found = new Map<string, { newest: RunAttempt; others: number[] }>();
  for (const attempt of [...attempts].reverse()) {
    const key = JSON.stringify([attempt.errorClass, attempt.errorMessage, attempt.errorStack]);
    const same = found.get(key);
    if (same) same.others.unshift(attempt.number);
    else found.set(key, { newest: attempt, others: [] });
  }
  return [...found.values()];
}

type Given = {
  readonly attempts: readonly RunAttempt[];
  readonly events: readonly StoredEvent[];
  readonly lines: readonly StoredEvent[];
};

export function Errors({ attempts, events, lines }: Given): JSX.Element {
  return (
    <>
      {together(attempts).map((same) => (
        <OneError key={same.newest.number} same={same} said={saidAbout(same.newest, events)} />
      ))}
      <Before rows={lastWords(attempts.at(-1), events, lines)} />
      <Deeds rows={events.filter((event) => event.stream === "audit")} />
    </>
  );
}

/** So many of the last lines are shown; all of them are a tab away. */
const lastWordsMax = 10;

/** What the run logged and printed up to its newest error, oldest first. */
function lastWords(
  attempt: RunAttempt | undefined,
  events: readonly StoredEvent[],
  lines: readonly StoredEvent[],
): readonly StoredEvent[] {
  const until = attempt?.endedTime;
  const output = events.filter((event) => event.kind === "job.output");
  // A line that is both an event and a line of the run is one line.
  const all = new Map([...output, ...lines].map((event) => [event.id, event]));
  return [...all.values()]
    .filter((event) => until === undefined || event.time <= until)
    .sort((a, b) => (a.time < b.time ? -1 : 1))
    .slice(-lastWordsMax);
}

function Before({ rows }: { readonly rows: readonly StoredEvent[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="before">
      <h2 id="before">
        Just before <span>the last it logged and printed</span>
      </h2>
      <EventTable name="Just before" rows={rows} />
    </section>
  );
}

function Deeds({ rows }: { readonly rows: readonly StoredEvent[] }): JSX.Element | null {
  if (rows.length === 0) return null;
  return (
    <section aria-labelledby="deeds">
      <h2 id="deeds">
        Audit <span>what this run did that matters</span>
      </h2>
      <EventTable name="Audit" rows={rows} />
    </section>
  );
}

/** Who noticed that a worker died also says how that is known, and what happens next. */
function saidAbout(attempt: RunAttempt, events: readonly StoredEvent[]): string {
  const lost = events.find((event) => event.kind === "job.lost" && attempt.eventIds.includes(event.id));
  return lost?.message ?? "";
}

function OneError({
  same: { newest, others },
  said,
}: {
  readonly same: Same;
  readonly said: string;
}): JSX.Element {
  const before =
    others.length === 0
      ? ""
      : `, and the same in ${others.length === 1 ? "attempt" : "attempts"} ${listed(others.map(String))}`;
  return (
    <article class="one-error">
      <p class="quiet error-head">
        <State state={newest.state} /> attempt {newest.number}
        {before} · <Stamp time={newest.endedTime} /> ·{" "}
        <Plain text={workerWords(newest.worker)} lengthMax={120} />
        <CopyButton text={newest.errorStack ?? newest.errorMessage ?? ""} name="the error" />
      </p>
      {said !== "" && (
        <p class="said">
          <Plain text={said} lengthMax={4000} />
        </p>
      )}
      <Stack attempt={newest} />
    </article>
  );
}

function Stack({ attempt }: { readonly attempt: RunAttempt }): JSX.Element {
  const head = headOf(attempt);
  const stack = attempt.errorStack ?? "";
  // Many runtimes repeat class and message as the first line of the stack.
  const rest = stack.startsWith(attempt.errorClass ?? "\0")
    ? stack.slice(stack.indexOf("\n") + 1 || stack.length)
    : stack;
  return (
    <pre class="error-stack" tabIndex={0} aria-label="Error and stack">
      <strong>
        <Plain text={head} lengthMax={4000} />
      </strong>
      {rest !== "" &&
        stretches(stackLines(rest)).map((stretch) => <Stretch key={stretch.at} stretch={stretch} />)}
    </pre>
  );
}

function headOf({ errorClass = "Error", errorMessage = "" }: RunAttempt): string {
  if (errorMessage === "" || errorMessage === errorClass) return errorClass;
  return errorMessage.startsWith(`${errorClass}:`) ? errorMessage : `${errorClass}: ${errorMessage}`;
}

type Lines = { readonly own: boolean; readonly at: number; readonly lines: StackLine[] };

/** Neighbouring lines of one kind, so that those of libraries can be folded. */
function stretches(lines: readonly StackLine[]): readonly Lines[] {
  const found: Lines[] = [];
  lines.forEach((line, at) => {
    const last = found.at(-1);
    if (last && last.own === line.own) last.lines.push(line);
    else found.push({ own: line.own, at, lines: [line] });
  });
  return found;
}

function Stretch({ stretch: { own, lines } }: { readonly stretch: Lines }): JSX.Element {
  const shown = lines.map((line, index) => (
    <span key={index} class={own ? "stack-line own" : "stack-line"}>
      <Plain text={line.text} lengthMax={2000} />
    </span>
  ));
  if (own) return <>{shown}</>;
  return (
    <details>
      <summary>… {counted(lines.length, "line")} of libraries</summary>
      {shown}
    </details>
  );
}
