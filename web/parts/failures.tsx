/** A group of failures that are the same: what, where, since when, and what becomes of the runs. */
import type { JSX } from "preact";
import type { FailureRow } from "../../src/api/failure-schemas.ts";
import { attemptWords, healWords, releaseWords } from "../failures.ts";
import { to } from "../route.ts";
import { stackLines } from "../text.ts";
import { counted, firstLine, number } from "../words.ts";
import { narrowed } from "./complete.ts";
import { Plain } from "./plain.tsx";
import { Spark } from "./spark.tsx";
import { StateShape } from "./state.tsx";
import { Ago, Since } from "./time.tsx";

type Given = { readonly group: FailureRow; readonly chosen?: boolean };

export function FailureGroup({ group, chosen = false }: Given): JSX.Element {
  const frame = stackLines(group.errorStack ?? "").find(
    ({ own, text }) => own && /:\d+|line \d+/.test(text) && !text.startsWith(group.errorClass ?? "\0"),
  );
  const heals = healWords(group);
  const releases = releaseWords(group);
  return (
    <article class={chosen ? "group chosen" : "group"}>
      <div class="group-text">
        <h2 class="needed-title">
          <a data-row href={newestAddress(group)}>
            <Plain
              text={
                group.errorClass ?? (group.lost ? "Lost with its worker" : "Failed without a named error")
              }
              lengthMax={160}
            />
          </a>
        </h2>
        <p class="why">
          <Plain text={firstLine(group.errorMessage ?? "", 220)} />
        </p>
        {frame && (
          <p class="mono quiet cut">
            <Plain text={frame.text.trim()} lengthMax={160} />
          </p>
        )}
        <p class="quiet">
          <JobLinks group={group} />
          {releases !== "" && (
            <>
              {" · "}
              <Plain text={releases} lengthMax={120} />
            </>
          )}
        </p>
      </div>
      <div class="group-shape">
        <Spark values={group.byStretch} token="failed" />
      </div>
      <div class="group-figures">
        <p>
          <a href={to("/logs", { q: queryOf(group), severity: undefined })}>{attemptWords(group)}</a>
          {group.attempts > 1 && (
            <>
              {" "}
              since <Since time={group.firstTime} />
            </>
          )}
          , last <Ago time={group.lastTime} />
        </p>
        {heals !== undefined && <p class="quiet">{heals}</p>}
        <Outcomes group={group} />
      </div>
    </article>
  );
}

/** The newest of them, where all that is known of it stands. */
function newestAddress(group: FailureRow): string {
  return group.newestRunId === undefined
    ? to("/logs", { q: queryOf(group), severity: undefined })
    : to(`/runs/${encodeURIComponent(group.newestRunId)}`, { tab: "error" });
}

function queryOf({ fingerprint, jobs, errorClass }: FailureRow): string {
  if (fingerprint !== undefined) return narrowed("", "fingerprint", fingerprint);
  const ofJob = narrowed("", "job", jobs[0] ?? "");
  return errorClass === undefined ? ofJob : narrowed(ofJob, "error_class", errorClass);
}

function JobLinks({ group }: { readonly group: FailureRow }): JSX.Element {
  const service = group.services.length === 1 ? group.services[0] : undefined;
  return (
    <>
      {group.jobs.slice(0, 4).map((job, index) => (
        <span key={job}>
          {index > 0 && ", "}
          <a href={to("/job", { job, service })}>
            <Plain text={job} lengthMax={80} />
          </a>
        </span>
      ))}
      {group.jobs.length > 4 && ` and ${number(group.jobs.length - 4)} more`}
    </>
  );
}

/** What became of the runs: the question behind every list of failures. */
function Outcomes({ group: { states } }: { readonly group: FailureRow }): JSX.Element {
  const parts = [
    { state: "failed", word: "failed for good" },
    { state: "lost", word: "lost" },
    { state: "retrying", word: "will be tried again" },
    { state: "running", word: "being tried again" },
    { state: "succeeded", word: "healed" },
    { state: "discarded", word: "given up" },
  ] as const;
  return (
    <ul class="outcomes">
      {parts.map(({ state, word }) => {
        const count = states[state] ?? 0;
        return count === 0 ? null : (
          <li key={state} class={state}>
            <StateShape state={state} /> {counted(count, "run")} {word}
          </li>
        );
      })}
    </ul>
  );
}
