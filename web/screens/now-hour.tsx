/** Four figures of the last hour, each with its shape over time and a link to what it counts. */
import type { ComponentChildren, JSX } from "preact";
import type { Histogram, OverviewAnswer, RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { total } from "../buckets.ts";
import { nowMs } from "../clock.ts";
import { Spark } from "../parts/spark.tsx";
import { to } from "../route.ts";
import { counted, duration, number } from "../words.ts";

const buckets = 60;
const hour = { from: "-1h", until: undefined } as const;

function useShape(filter: { readonly [name: string]: string }): {
  readonly values: readonly number[];
  readonly all: number;
} {
  const { data } = useAnswer<Histogram>(address("/histogram", { ...filter, from: "-1h", buckets }), 15_000);
  const values = (data?.buckets ?? []).map((bucket) => total([bucket]).all);
  return { values, all: values.reduce((sum, value) => sum + value, 0) };
}

/** The longest wait in each minute, from the newest runs of the hour. */
function waits(page: RunPage | undefined): {
  readonly values: readonly number[];
  readonly longest: number;
  readonly queue: string;
} {
  const values = Array.from({ length: buckets }, () => 0);
  let longest = 0;
  let queue = "";
  for (const run of page?.rows ?? []) {
    const minute =
      buckets - 1 - Math.floor((nowMs.peek() - Date.parse(run.startedTime ?? run.lastTime)) / 60_000);
    if (run.waitMs === undefined || minute < 0 || minute >= buckets) continue;
    values[minute] = Math.max(values[minute] ?? 0, run.waitMs);
    if (run.waitMs > longest) {
      longest = run.waitMs;
      queue = run.queue ?? run.job ?? "";
    }
  }
  return { values, longest, queue };
}

export function LastHour({ overview }: { readonly overview: OverviewAnswer }): JSX.Element {
  const { runs } = overview.overview;
  const well = useShape({ kind: "job.succeeded" });
  const errors = useShape({ kind: "job.failed" });
  const lines = useShape({ severity: "error", stream: "logs" });
  const { data: newest } = useAnswer<RunPage>(address("/runs", { from: "-1h", limit: 1000 }), 30_000);
  const wait = waits(newest);
  const ended = (runs.succeeded ?? 0) + (runs.failed ?? 0) + (runs.lost ?? 0);
  const bad = (runs.failed ?? 0) + (runs.lost ?? 0);
  return (
    <section aria-labelledby="hour">
      <h2 id="hour">
        The last hour <span>one bar a minute</span>
      </h2>
      <div class="figures">
        <Figure
          value={number(runs.succeeded ?? 0)}
          words="runs ended well"
          href={to("/runs", { state: "succeeded", ...hour })}
        >
          <Spark values={well.values} />
        </Figure>
        <Figure
          value={number(bad)}
          words={failedWords(ended, errors.all)}
          href={to("/runs", { state: "failed,lost", ...hour })}
        >
          <Spark values={errors.values} token="failed" />
        </Figure>
        <Figure
          value={wait.queue === "" ? "–" : duration(wait.longest)}
          words={wait.queue ? `longest wait, in ${wait.queue}` : "longest wait"}
          href={to("/queues", hour)}
        >
          <Spark values={wait.values} />
        </Figure>
        <Figure
          value={number(lines.all)}
          words="lines logged as errors"
          href={to("/logs", { severity: "error", stream: "logs", ...hour })}
        >
          <Spark values={lines.values} token="failed" />
        </Figure>
      </div>
    </section>
  );
}

function failedWords(ended: number, attempts: number): string {
  const of = ended === 0 ? "" : `, of ${number(ended)}`;
  return `failed for good or lost${of}${attempts === 0 ? "" : `; ${counted(attempts, "attempt")} ended in an error`}`;
}

type FigureGiven = {
  readonly value: string;
  readonly words: string;
  readonly href: string;
  readonly children: ComponentChildren;
};

function Figure({ value, words, href, children }: FigureGiven): JSX.Element {
  return (
    <a class="figure" href={href}>
      <b>{value}</b>
      <small>{words}</small>
      {children}
    </a>
  );
}
