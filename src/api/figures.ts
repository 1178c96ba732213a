/** Figures in the text format of Prometheus (version 0.0.4). */
import type { HistogramFigures } from "../model/histogram.ts";
import type { JobName } from "../model/monitor.ts";

export const figuresType = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string | number | undefined>>;
export type Sample = { readonly labels?: Labels; readonly value: number };

/** A text that is longer says no more, and every other one costs whoever keeps it. */
const labelLengthMax = 200;

export function gauge(name: string, about: string, samples: readonly Sample[]): string {
  return figure(name, "gauge", about, samples);
}

/** Only ever counts up, until the server is started again. `name` ends with `_total`. */
export function counter(name: string, about: string, samples: readonly Sample[]): string {
  return figure(name, "counter", about, samples);
}

export function histogram(name: string, about: string, figures: HistogramFigures): string {
  const { buckets, count, sumSeconds } = figures;
  const lines = [
    ...buckets.map(({ seconds, count: within }) => line(`${name}_bucket`, { le: String(seconds) }, within)),
    line(`${name}_bucket`, { le: "+Inf" }, count),
    line(`${name}_sum`, {}, sumSeconds),
    line(`${name}_count`, {}, count),
  ];
  return `${head(name, "histogram", about)}${lines.join("")}`;
}

export function nameLabels(name: Partial<JobName> | undefined): Labels {
  return { job_name: name?.job, service: name?.service, environment: name?.environment };
}

function figure(name: string, type: string, about: string, samples: readonly Sample[]): string {
  return `${head(name, type, about)}${samples.map(({ labels, value }) => line(name, labels ?? {}, value)).join("")}`;
}

function head(name: string, type: string, about: string): string {
  return `# HELP ${name} ${about}\n# TYPE ${name} ${type}\n`;
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).flatMap(([key, text]) =>
    text === undefined ? [] : [`${key}="${escaped(String(text))}"`],
  );
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function escaped(text: string): string {
  const cut = Array.from(text).slice(0, labelLengthMax).join("");
  return cut.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
