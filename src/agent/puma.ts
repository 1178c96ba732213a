/**
 * Asks Pumas how busy they are, where the plugin cannot be loaded into them: through the control
 * server that `activate_control_app` opens, whose address and token stand in the state file. What is
 * recorded is what the plugin records.
 */
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { parse } from "yaml";
import type { OwnEvent } from "./own.ts";
import { startTicksOf, usageOf } from "./process.ts";
import { PumaProcesses } from "./puma-processes.ts";

export type PumaPlace = {
  readonly service: string;
  /** Path of a state file, or the address of a control server with its token. */
  readonly place: string;
};

const answerTimeoutMs = 5000;
const answerBytesMax = 1024 * 1024;
const counts = [
  "backlog",
  "running",
  "pool_capacity",
  "busy_threads",
  "max_threads",
  "requests_count",
] as const;

type Counts = Partial<Record<(typeof counts)[number], number>>;
type Stats = Counts & { readonly phase?: number; readonly worker_status?: readonly WorkerStatus[] };
type WorkerStatus = {
  readonly index?: number;
  readonly pid?: number;
  readonly phase?: number;
  readonly last_checkin?: string;
  readonly last_status?: Counts;
};
type Control = { readonly url: URL; readonly token: string; readonly pid?: number };

/** The event `puma.stats` of one Puma. Throws where it cannot be asked. */
export async function askPuma(
  { service, place }: PumaPlace,
  { host, nowMs }: { readonly host: string; readonly nowMs: number },
): Promise<OwnEvent> {
  const control = place.startsWith("/") ? await readState(place) : controlOf(place);
  const stats = JSON.parse(await ask(control)) as Stats;
  const workers = (stats.worker_status ?? []).map((status) => workerOf(status, nowMs));
  const own = workers.length === 0 ? countsOf(stats) : totals(workers);
  const { pid } = control;
  return {
    kind: "puma.stats",
    runtime: "puma",
    service,
    severity: "info",
    worker: pid === undefined ? `${host}:puma:${service}` : `${host}:${pid}:${startTicksOf(pid) ?? 0}`,
    attributes: {
      ...own,
      workers,
      ...(stats.phase !== undefined && { phase: stats.phase }),
      ...(workers.length === 0 && pid !== undefined && usedBy(pid)),
      recorded_by: "midwatch agent",
    },
  };
}

async function readState(path: string): Promise<Control> {
  const state = parse(await readFile(path, "utf8")) as {
    readonly pid?: unknown;
    readonly control_url?: unknown;
    readonly control_auth_token?: unknown;
  } | null;
  if (typeof state?.control_url !== "string")
    throw new Error(`${path} names no control server; add \`activate_control_app\` to config/puma.rb`);
  const url = new URL(state.control_url);
  const token = typeof state.control_auth_token === "string" ? state.control_auth_token : "";
  return { url, token, ...(typeof state.pid === "number" && { pid: state.pid }) };
}

function controlOf(place: string): Control {
  const url = new URL(place);
  return { url, token: url.searchParams.get("token") ?? "" };
}

function ask({ url, token }: Control): Promise<string> {
  const where =
    url.protocol === "unix:"
      ? { socketPath: url.pathname }
      : { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port: Number(url.port) };
  return new Promise((resolve, reject) => {
    const asking = request({
      ...where,
      path: `/stats?token=${encodeURIComponent(token)}`,
      timeout: answerTimeoutMs,
    });
    asking.on("timeout", () => asking.destroy(new Error(`no answer within ${answerTimeoutMs / 1000} s`)));
    asking.on("error", reject);
    asking.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) asking.destroy(new Error("the answer is too long"));
      });
      response.on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else
          reject(
            new Error(
              response.statusCode === 403 ? "the token is refused" : `it answered ${response.statusCode}`,
            ),
          );
      });
    });
    asking.end();
  });
}

function workerOf(status: WorkerStatus, nowMs: number): Counts & { readonly [name: string]: number } {
  const { index, pid, phase, last_checkin: checkin } = status;
  return {
    ...(index !== undefined && { index }),
    ...(pid !== undefined && { pid }),
    ...(phase !== undefined && { phase }),
    ...(checkin !== undefined && { last_checkin_ms: Math.max(nowMs - Date.parse(checkin), 0) }),
    ...countsOf(status.last_status ?? {}),
    ...(pid !== undefined && usedBy(pid)),
  };
}

/** Before Puma 6.6 there is no word for busy threads; the two others tell. */
function countsOf(stats: Counts): { readonly [name: string]: number } {
  const known = Object.fromEntries(
    counts.flatMap((name) => (typeof stats[name] === "number" ? [[name, stats[name]]] : [])),
  );
  const { busy_threads: busy, max_threads: max, pool_capacity: free } = known;
  return busy === undefined && max !== undefined && free !== undefined
    ? { ...known, busy_threads: max - free }
    : known;
}

function totals(workers: readonly { readonly [name: string]: number }[]): {
  readonly [name: string]: number;
} {
  return Object.fromEntries(
    counts.map((name) => [name, workers.reduce((sum, worker) => sum + (worker[name] ?? 0), 0)]),
  );
}

/** Processor time and resident memory, as the kernel counts them. */
function usedBy(pid: number): { readonly cpu_ms?: number; readonly rss_bytes?: number } {
  const used = usageOf(pid);
  return used === undefined ? {} : { cpu_ms: used.processorMs, rss_bytes: used.residentBytes };
}

/** Asks all Pumas in turn, and says when one stops answering, and which of its processes come and go. */
export class PumaPoller {
  readonly #places: readonly PumaPlace[];
  readonly #silent = new Set<string>();
  readonly #processes = new Map<string, PumaProcesses>();

  constructor(places: readonly PumaPlace[]) {
    this.#places = places;
    for (const { place } of places) this.#processes.set(place, new PumaProcesses());
  }

  /** What there is to record now. */
  async ask(about: { readonly host: string; readonly nowMs: number }): Promise<readonly OwnEvent[]> {
    const answers = await Promise.all(this.#places.map((place) => this.#askOne(place, about)));
    return answers.flat();
  }

  async #askOne(place: PumaPlace, about: { host: string; nowMs: number }): Promise<readonly OwnEvent[]> {
    const line = (severity: "info" | "warn", message: string): OwnEvent => ({
      kind: "log",
      runtime: "puma",
      service: place.service,
      severity,
      message,
    });
    const follow = (answer?: OwnEvent): readonly OwnEvent[] =>
      this.#processes.get(place.place)?.follow(place.service, answer) ?? [];
    try {
      const stats = await askPuma(place, about);
      const again = this.#silent.delete(place.place) ? [line("info", "Puma answers again.")] : [];
      return [...again, stats, ...follow(stats)];
    } catch (error) {
      const ended = follow();
      if (this.#silent.has(place.place)) return ended;
      this.#silent.add(place.place);
      // The address holds the token.
      const because = error instanceof Error ? error.message : String(error);
      return [line("warn", `Puma does not say how busy it is: ${because}`), ...ended];
    }
  }
}
