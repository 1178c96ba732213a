/** What is different between two runs: facts side by side, and lines of text that came or went. Pure. */
import type { RunDetail } from "../src/api/schemas.ts";
import type { StoredEvent } from "../src/store/store.ts";
import { duration, size } from "./words.ts";

export type Fact = {
  readonly name: string;
  readonly here: string;
  readonly there: string;
  readonly differs: boolean;
};

export type Line = { readonly side: "both" | "here" | "there"; readonly text: string };

/** Lines of either side that are compared. More: the rest is left out, and `cut` says so. */
const linesMax = 1500;

export function factsOf(here: RunDetail, there: RunDetail): readonly Fact[] {
  const rows: readonly (readonly [string, (detail: RunDetail) => string | undefined])[] = [
    ["Release", ({ run }) => run.release],
    ["Host", ({ run }) => run.host],
    ["Queue", ({ run }) => run.queue],
    ["Asked for by", ({ run }) => run.actor],
    ["Attempts", ({ run }) => String(run.attempts)],
    ["Waited", ({ run }) => (run.waitMs === undefined ? undefined : duration(run.waitMs))],
    ["Took", ({ run }) => (run.durationMs === undefined ? undefined : duration(run.durationMs))],
    [
      "CPU",
      (detail) => usedBy(detail, ({ cpu_ms }) => (cpu_ms === undefined ? undefined : duration(cpu_ms))),
    ],
    [
      "Memory",
      (detail) =>
        usedBy(detail, ({ max_rss_bytes }) =>
          max_rss_bytes === undefined ? undefined : size(max_rss_bytes),
        ),
    ],
    [
      "Exit",
      (detail) =>
        usedBy(detail, ({ exit_code }) => (exit_code === undefined ? undefined : String(exit_code))),
    ],
    ["Output", (detail) => `${linesOf(outputOf(detail)).length} lines`],
    ["Log lines", ({ lines }) => String(lines.length)],
  ];
  return rows
    .map(([name, value]) => ({ name, here: value(here) ?? "", there: value(there) ?? "" }))
    .filter((row) => row.here !== "" || row.there !== "")
    .map((row) => ({ ...row, differs: row.here !== row.there }));
}

function usedBy(
  { events }: RunDetail,
  value: (event: StoredEvent) => string | undefined,
): string | undefined {
  return events.map(value).findLast((found) => found !== undefined);
}

export function outputOf({ events }: RunDetail): string {
  return events
    .filter(({ kind }) => kind === "job.output")
    .map(({ message = "" }) => message)
    .join("\n");
}

/** Arguments as lines of JSON, keys sorted, so that the order of keys is no difference. */
export function argumentsOf({ events }: RunDetail): string {
  const asked = events.find((event) => event.attributes?.["arguments"] !== undefined);
  return asked ? JSON.stringify(sorted(asked.attributes?.["arguments"]), null, 2) : "";
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.split("\n");
}

/** Numbers that differ in every run (times, ids, durations) are not what somebody looks for. */
function plain(line: string): string {
  return line.replaceAll(/\d+/g, "0");
}

/** The longest lines in common stay; of the rest it is said on which side they are. */
export function difference(
  here: string,
  there: string,
): { readonly lines: readonly Line[]; readonly cut: boolean } {
  const a = linesOf(here).slice(0, linesMax);
  const b = linesOf(there).slice(0, linesMax);
  const cut = linesOf(here).length > linesMax || linesOf(there).length > linesMax;
  const plainA = a.map(plain);
  const plainB = b.map(plain);
  // Length of the longest common rest of both, from each pair of places on.
  const width = b.length + 1;
  const rest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      rest[i * width + j] =
        plainA[i] === plainB[j]
          ? (rest[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(rest[(i + 1) * width + j] ?? 0, rest[i * width + j + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && plainA[i] === plainB[j]) {
      lines.push({ side: "both", text: a[i] ?? "" });
      i += 1;
      j += 1;
    } else if (
      j < b.length &&
      (i === a.length || (rest[i * width + j + 1] ?? 0) >= (rest[(i + 1) * width + j] ?? 0))
    ) {
      lines.push({ side: "there", text: b[j] ?? "" });
      j += 1;
    } else {
      lines.push({ side: "here", text: a[i] ?? "" });
      i += 1;
    }
  }
  return { lines, cut };
}
