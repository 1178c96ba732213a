/**
 * What the recorder's middleware adds to a request on Puma, in microseconds, beside the same
 * request without it: to the application alone, and as a client on loopback sees it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const about = "microseconds a request on Puma costs, without and with the recorder";

const root = new URL("..", import.meta.url).pathname;
/** Promise P1: a request is one event. */
const limitUs = 50;

type Comparison = {
  readonly bare_us: number;
  readonly recorded_us: number;
  readonly added_us: number;
  /** Processor time of the process that runs the application. */
  readonly added_cpu_us: number;
};

type Answer = {
  readonly ruby: string;
  readonly puma: string;
  readonly events: number;
  readonly alone: Comparison;
  readonly asked: Comparison;
};

export async function run(options: {
  quick: boolean;
  directory: string;
}): Promise<{ figures: Record<string, number>; lines: readonly string[] }> {
  if (spawnSync("ruby", ["-e", 'require "puma"; require "puma/server"']).status !== 0) {
    return { figures: {}, lines: ["skipped: Ruby or Puma is not installed (Debian's package is puma)"] };
  }
  const calls = options.quick ? 15_000 : 75_000;
  const requests = options.quick ? 7500 : 37_500;
  const spool = join(options.directory, "spool");
  mkdirSync(spool);
  const { stdout, stderr, status } = spawnSync(
    "ruby",
    [`${root}bench/rack_request.rb`, spool, String(calls), String(requests)],
    { encoding: "utf8", timeout: 120_000 },
  );
  if (status !== 0) throw new Error(`bench/rack_request.rb: ${stderr}`);
  const { ruby, puma, events, alone, asked } = JSON.parse(stdout) as Answer;
  if (events < calls + requests) throw new Error(`only ${events} requests were recorded`);
  const text = ({ bare_us, recorded_us, added_us, added_cpu_us }: Comparison): string =>
    `without ${bare_us.toFixed(1)} µs, with ${recorded_us.toFixed(1)} µs: +${added_us.toFixed(1)} µs (${added_cpu_us.toFixed(1)} µs of the processor)`;
  return {
    figures: {
      request_us: alone.bare_us,
      recorded_request_us: alone.recorded_us,
      added_us_per_request: alone.added_us,
      added_cpu_us_per_request: alone.added_cpu_us,
      share_of_limit: alone.added_us / limitUs,
      http_request_us: asked.bare_us,
      recorded_http_request_us: asked.recorded_us,
      added_us_per_http_request: asked.added_us,
      added_cpu_us_per_http_request: asked.added_cpu_us,
    },
    lines: [
      `Ruby ${ruby}, Puma ${puma}, one thread, no Rails; ${calls} calls, ${requests} requests on one connection`,
      `the application called with Puma's environment: ${text(alone)}, ${((100 * alone.added_us) / limitUs).toFixed(0)} % of the limit of ${limitUs} µs`,
      `asked over HTTP on loopback: ${text(asked)}`,
      "The event is written after the answer; who asks again at once, on the same connection, waits for it.",
    ],
  };
}
