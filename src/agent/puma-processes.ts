/**
 * The life of the processes of a Puma that is polled: what its plugin would tell, as far as it can be
 * seen from outside. A Puma replaces a worker within the same phase only when that worker has died.
 */
import { type Cause, causeOf, type MemoryGroup, memoryGroupOf } from "./cause.ts";
import type { OwnEvent } from "./own.ts";
import { lifeOf, type ProcessName, parseWorker, startTicksOf } from "./process.ts";

type Found = {
  readonly worker: string;
  readonly name: ProcessName;
  /** Of the process that began it; it is the same where Puma has no workers. */
  readonly main: string;
  readonly index?: number | undefined;
  readonly phase?: number | undefined;
};
type Known = Found & { readonly memory: MemoryGroup | undefined; readonly missed: boolean };

export class PumaProcesses {
  readonly #known = new Map<string, Known>();
  #asked = false;

  /** What is to be told after an answer, or after there was none. */
  follow(service: string, answer: OwnEvent | undefined): readonly OwnEvent[] {
    const found = answer && foundIn(answer);
    const ended = [...this.#known.values()].flatMap((known) => this.#endOf(known, found) ?? []);
    const begun = (found ?? []).filter(({ worker }) => !this.#known.has(worker));
    for (const one of begun) {
      this.#known.set(one.worker, { ...one, memory: memoryGroupOf(one.name.pid), missed: false });
    }
    // What was there before us has begun at a time that we do not know.
    const kind = this.#asked ? "worker.started" : "worker.heartbeat";
    if (found) this.#asked = true;
    return [...ended, ...begun.map((one) => ({ kind, ...about(one) }) as const)].map((event) => ({
      ...event,
      runtime: "puma",
      service,
    }));
  }

  #endOf(known: Known, found: readonly Found[] | undefined): OwnEvent | undefined {
    if (lifeOf(known.name) !== "gone") return undefined;
    const next = found?.find(({ index }) => index === known.index);
    // Whoever takes its place may not have begun yet.
    if (!next && !known.missed) {
      this.#known.set(known.worker, { ...known, missed: true });
      return undefined;
    }
    this.#known.delete(known.worker);
    const cause = causeOf(known.name, known.memory);
    const isProven = cause.evidence !== undefined;
    const isInPlace =
      next !== undefined &&
      known.index !== undefined &&
      next.main === known.main &&
      next.phase === known.phase;
    const isLost = isProven || isInPlace || found === undefined;
    return isLost ? lost(known, cause) : { kind: "worker.stopped", ...about(known) };
  }
}

type About = { readonly worker: string; readonly attributes: { readonly [name: string]: string | number } };

function about({ worker, index }: Found): About {
  const name: Record<string, string | number> = index === undefined ? { name: "puma" } : { index };
  return { worker, attributes: { ...name, recorded_by: "midwatch agent" } };
}

function lost(known: Known, cause: Cause): OwnEvent {
  const { worker, attributes } = about(known);
  const what = known.index === undefined ? "Puma" : `Puma's worker ${known.index}`;
  return {
    kind: "worker.lost",
    severity: "error",
    worker,
    error_class: cause.errorClass,
    ...(cause.signal !== undefined && { signal: cause.signal }),
    message: `${what} (pid ${known.name.pid}) is gone. ${cause.sentence}`,
    attributes: {
      ...attributes,
      cause: cause.errorClass,
      ...(cause.evidence !== undefined && { evidence: cause.evidence }),
    },
  };
}

/** Only where the state file names the process: pids that come from an address may be another host's. */
function foundIn({ worker: main, attributes }: OwnEvent): readonly Found[] {
  const name = main === undefined ? undefined : parseWorker(main);
  if (main === undefined || !name || name.startTicks === 0) return [];
  const workers = (attributes?.["workers"] ?? []) as readonly { readonly [name: string]: number }[];
  if (workers.length === 0) return [{ worker: main, name, main }];
  return workers.flatMap(({ pid, index, phase }) => {
    const startTicks = pid === undefined ? undefined : startTicksOf(pid);
    if (pid === undefined || startTicks === undefined) return [];
    const one = { pid, startTicks };
    // Puma has not noticed yet.
    if (lifeOf(one) === "gone") return [];
    return [{ worker: `${name.host}:${pid}:${startTicks}`, name: one, main, index, phase }];
  });
}
