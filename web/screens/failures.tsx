/** Failures that are the same, told together: how often, since when, and how many heal. */
import type { JSX } from "preact";
import type { EventPage, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { type FailureGroup, groupFailures, shapeOf } from "../failures.ts";
import { narrowed } from "../parts/complete.ts";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { Spark } from "../parts/spark.tsx";
import { StateShape } from "../parts/state.tsx";
import { Ago, Since } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { range, rangeMs } from "../range.ts";
import { query, to } from "../route.ts";
import { stackLines } from "../text.ts";
import { capital, counted, firstLine, listed, number, rangeWords, spelled } from "../words.ts";

const readMax = 1000;

export function FailuresScreen(): JSX.Element {
  const { from, until } = range();
  const failed = useAnswer<EventPage>(
    address("/events", { kind: ["job.failed", "job.lost"], from, until, limit: readMax }),
    15_000,
  );
  const runs = useAnswer<RunPage>(
    address("/runs", { from, until, limit: readMax, state: ["failed", "lost", "retrying", "discarded"] }),
    15_000,
  );
  const healed = useAnswer<RunPage>(
    address("/runs", { from, until, limit: readMax, state: ["succeeded"] }),
    15_000,
  );
  const groups = failed.data
    ? groupFailures(failed.data.rows, [...(runs.data?.rows ?? []), ...(healed.data?.rows ?? [])])
    : [];
  const open = groups.filter(({ runs: states }) => (states.failed ?? 0) + (states.lost ?? 0) > 0).length;
  const sentence = !failed.data ? "Failures" : failuresSentence(groups.length, open);
  useTitle(sentence);
  const chosen = query.value.get("group");
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Attempts that ended in an error in {rangeWords(from, until ?? null).replace("last", "the last")}
        {failed.data?.next && `, the newest ${number(readMax)} of them`}. Groups that still need somebody come
        first.
      </p>
      {failed.fault && !failed.data && <Problem fault={failed.fault} again={failed.again} />}
      {!failed.data && !failed.fault && <Loading what="failures" />}
      {failed.data && groups.length === 0 && <Empty title="No attempt ended in an error in this time." />}
      <div class="groups">
        {groups.slice(0, 100).map((group) => (
          <GroupRow key={group.key} group={group} chosen={group.key === chosen} />
        ))}
      </div>
      {groups.length > 100 && (
        <p class="end">and {counted(groups.length - 100, "more group")}; choose a shorter time.</p>
      )}
    </>
  );
}

function failuresSentence(groups: number, open: number): string {
  if (groups === 0) return "Nothing failed.";
  const kinds = `${capital(spelled(groups))} ${groups === 1 ? "kind" : "kinds"} of failure`;
  if (open === 0) return `${kinds}; no run was given up.`;
  return `${kinds}; ${open === groups ? (groups === 1 ? "it" : "each") : spelled(open)} ended at least one run for good.`;
}

function GroupRow({
  group,
  chosen,
}: {
  readonly group: FailureGroup;
  readonly chosen: boolean;
}): JSX.Element {
  const [newest] = group.events;
  const oldest = group.events.at(-1) ?? newest;
  const { fromMs, untilMs } = rangeMs();
  const frame = stackLines(newest.error_stack ?? "").find(
    ({ own, text }) => own && /:\d+|line \d+/.test(text) && !text.startsWith(newest.error_class ?? "\0"),
  );
  const q =
    group.fingerprint === undefined
      ? narrowed("", "job", newest.job ?? "")
      : narrowed("", "fingerprint", group.fingerprint);
  return (
    <article class={chosen ? "group chosen" : "group"}>
      <div class="group-text">
        <h2 class="needed-title">
          <a data-row href={to("/logs", { q, severity: undefined })}>
            <Plain
              text={
                newest.error_class ??
                (newest.kind === "job.lost" ? "Lost with its worker" : "Failed without a named error")
              }
              lengthMax={160}
            />
          </a>
        </h2>
        <p class="why">
          <Plain text={firstLine(newest.error_message ?? "", 220)} />
        </p>
        {frame && (
          <p class="mono quiet cut">
            <Plain text={frame.text.trim()} lengthMax={160} />
          </p>
        )}
        <p class="quiet">
          <JobLinks group={group} />
          {group.releases.length > 0 && ` · release ${listed(group.releases.slice(0, 3))}`}
        </p>
      </div>
      <div class="group-shape">
        <Spark values={shapeOf(group.events, fromMs, untilMs, 60)} token="failed" />
      </div>
      <div class="group-figures">
        <p>
          <b>{number(group.events.length)}</b> {group.events.length === 1 ? "attempt" : "attempts"}
          {group.events.length > 1 && (
            <>
              {" "}
              in <Since time={oldest.time} />
            </>
          )}
          , last <Ago time={newest.time} />
        </p>
        <Outcome group={group} />
      </div>
    </article>
  );
}

function JobLinks({ group }: { readonly group: FailureGroup }): JSX.Element {
  return (
    <>
      {group.jobs.slice(0, 4).map((job, index) => (
        <span key={job}>
          {index > 0 && ", "}
          <a href={to("/job", { job, service: group.events[0].service })}>
            <Plain text={job} lengthMax={80} />
          </a>
        </span>
      ))}
      {group.jobs.length > 4 && ` and ${number(group.jobs.length - 4)} more`}
    </>
  );
}

/** What became of the runs: the question behind every list of failures. */
function Outcome({ group: { runs } }: { readonly group: FailureGroup }): JSX.Element {
  const parts = [
    { state: "failed", word: "failed for good" },
    { state: "lost", word: "lost" },
    { state: "retrying", word: "will be tried again" },
    { state: "succeeded", word: "healed" },
    { state: "discarded", word: "given up" },
  ] as const;
  return (
    <ul class="outcomes">
      {parts.map(({ state, word }) => {
        const count = runs[state] ?? 0;
        return count === 0 ? null : (
          <li key={state} class={state}>
            <StateShape state={state} /> {counted(count, "run")} {word}
          </li>
        );
      })}
    </ul>
  );
}
