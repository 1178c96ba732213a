/** What runs tell on Now: what needs a person in the sample day, and what is healing by itself. */
import type { JSX } from "preact";
import type { Job, Run, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { Plain } from "../parts/plain.tsx";
import { RunEvidence, runAbout, runAddress } from "../parts/runs.tsx";
import { State } from "../parts/state.tsx";
import { Since } from "../parts/time.tsx";
import { type Group, groupRuns, problemTitle, sinceThen, useRunGroups } from "../problems.ts";
import { range } from "../range.ts";
import { to } from "../route.ts";
import { age, asSentence, counted, duration, number } from "../words.ts";

const shownMax = 12;
const evidenceMax = 3;
const retrying = ["retrying"];

type Given = { readonly groups: readonly Group[]; readonly jobs: readonly Job[] };

export function Needed({ groups, jobs }: Given): JSX.Element | null {
  if (groups.length === 0) return null;
  return (
    <section aria-label="What needs you in the sample day" class="problems">
      {groups.slice(0, shownMax).map((group) => (
        <NeededItem key={group.key} group={group} jobs={jobs} />
      ))}
      {groups.length > shownMax && (
        <p class="end">
          <a href={to("/failures")}>{counted(groups.length - shownMax, "more problem")}</a>
        </p>
      )}
    </section>
  );
}

function NeededItem({ group, jobs }: { readonly group: Group; readonly jobs: readonly Job[] }): JSX.Element {
  const [newest] = group.runs;
  const attempts = Math.max(...group.runs.map((run) => run.attempts));
  return (
    <article class="needed">
      <div>
        <State state={group.state} />
        <div class="mono faint">
          <Since time={newest.lastTime} />
        </div>
      </div>
      <div>
        <h2 class="needed-title">
          <a data-row href={runAddress(newest)}>
            <Plain text={problemTitle(group)} lengthMax={260} />
          </a>
          <span class="tag">sample</span>
        </h2>
        <p class="why">
          <Plain text={asSentence(runAbout(newest))} lengthMax={300} />
          {attempts > 1 && ` Tried ${attempts} times.`} {sinceThen(group, jobs)}
        </p>
        <ul class="evidence">
          {group.runs.slice(0, evidenceMax).map((run) => (
            <li key={run.runId}>
              <RunEvidence run={run} />
            </li>
          ))}
          {group.runs.length > evidenceMax && (
            <li class="faint">and {number(group.runs.length - evidenceMax)} more</li>
          )}
        </ul>
      </div>
      <div class="actions">
        <a href={to("/runs", { state: group.state, job: group.job, service: group.service })}>
          {group.runs.length === 1 ? "Runs like it" : `All ${number(group.runs.length)} runs`}
        </a>
        <a href={to("/job", { job: group.job, service: group.service })}>Job</a>
      </div>
    </article>
  );
}

/** Much longer than nineteen of twenty runs of its job, and long enough for a person to notice. */
function isSlow(run: Run, jobs: readonly Job[]): boolean {
  const usual = jobs.find((job) => job.job === run.job && job.service === run.service)?.durationP95Ms;
  if (usual === undefined || run.startedTime === undefined) return false;
  return nowMs.value - Date.parse(run.startedTime) > Math.max(2 * usual, 10_000);
}

export function Healing({ jobs }: { readonly jobs: readonly Job[] }): JSX.Element | null {
  const { from, until } = range();
  const { groups } = useRunGroups(retrying, from, until);
  const running = useAnswer<RunPage>(address("/runs", { state: "running", from, until, limit: 200 }), 10_000);
  const slow = groupRuns((running.data?.rows ?? []).filter((run) => isSlow(run, jobs)));
  if (groups.length === 0 && slow.length === 0) return null;
  return (
    <section aria-labelledby="healing">
      <h2 id="healing">
        Healing by itself <span>no need to act yet</span>
      </h2>
      <table>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Job</th>
            <th scope="col">Why</th>
            <th scope="col" class="right">
              Since
            </th>
          </tr>
        </thead>
        <tbody>
          {[...groups, ...slow].slice(0, shownMax).map((group) => (
            <HealingRow key={group.key} group={group} jobs={jobs} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function HealingRow({ group, jobs }: { readonly group: Group; readonly jobs: readonly Job[] }): JSX.Element {
  const oldest = group.runs.at(-1) ?? group.runs[0];
  const [newest] = group.runs;
  const address =
    group.runs.length === 1
      ? runAddress(newest)
      : to("/runs", { state: group.state, job: group.job, service: group.service });
  const usual = jobs.find((job) => job.job === group.job && job.service === group.service);
  const why =
    group.state === "running"
      ? `usually ${duration(usual?.durationP50Ms ?? 0)} to ${duration(usual?.durationP95Ms ?? 0)}; running for ${age(nowMs.value - Date.parse(oldest.startedTime ?? oldest.lastTime))}`
      : runAbout(newest);
  return (
    <tr>
      <td>
        <State state={group.state} {...(group.state === "running" && { word: "Slow" })} />
      </td>
      <td>
        <a data-row href={address}>
          <Plain text={group.job} lengthMax={160} />
        </a>
        {group.runs.length > 1 && <span class="faint"> × {number(group.runs.length)}</span>}
      </td>
      <td class="quiet">
        <Plain text={why} lengthMax={240} />
      </td>
      <td class="right mono">
        <Since time={group.state === "running" ? oldest.startedTime : oldest.lastTime} />
      </td>
    </tr>
  );
}
