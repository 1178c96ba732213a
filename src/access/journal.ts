/**
 * The audit of access: what people and keys did in Midwatch, as events of the stream `audit`, each on
 * disk before its answer is given. Where it cannot be written, nothing with texts may be read; what
 * is received goes on, and an incident says so.
 *
 * A page that polls asks the same again and again: the first of it is recorded at once, and further
 * ones of the same kind by the same session within a minute are counted in one event at its end.
 */
import { type AccessKind, type EventRecord, streamOf } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import type { Intake } from "../model/intake.ts";
import type { ReportOwnFinding } from "../model/own-finding.ts";
import { type Clock, formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";

/** Further ones of the same are counted for so long. */
const countedMs = 60_000;
/** So long after the last write, the next one that is asked is written, counted or not: reading on a disk that cannot be written ends within this time. */
const trustedMs = 10_000;
/** Kinds of reading by all sessions that are counted at once. More: each is recorded by itself. */
const countedMax = 10_000;
/** So long the first of a batch waits for others. */
const gatherMs = 3;
const subject = "audit of access";

export type AccessEntry = {
  readonly kind: AccessKind;
  /** Who, as timelines name it; `unknown` where nobody was found. */
  readonly actor: string;
  readonly outcome: "success" | "failure";
  /** A sentence. */
  readonly message: string;
  readonly severity?: "info" | "warn";
  /** How it was proven, from where, which route, which query, how many rows: no secret of anybody. */
  readonly attributes: NonNullable<EventRecord["attributes"]>;
};

export type Journal = {
  /** Resolves when it is on disk; rejects with `ACCESS_UNRECORDED`. */
  readonly record: (entry: AccessEntry) => Promise<void>;
  /** The same for what is asked again and again: `sameAs` names it, with who asks. */
  readonly recordOnce: (sameAs: string, entry: AccessEntry) => Promise<void>;
  /** Rejects with `ACCESS_UNRECORDED` while nothing can be recorded: before something is changed. */
  readonly check: () => Promise<void>;
  /** Records what was counted and not yet told. */
  readonly close: () => Promise<void>;
};

export type JournalParts = {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Goes onto every event: service, host, release and the like. */
  readonly base: Partial<EventRecord>;
  readonly reportOwnFinding: ReportOwnFinding;
};

const probe = {
  kind: "access.sys_monitor_enabled",
  actor: "midwatch",
  outcome: "success",
  attributes: {},
} as const;

type Counted = { readonly entry: AccessEntry; count: number; readonly timer: NodeJS.Timeout };

export function startJournal(parts: JournalParts): Journal {
  const { intake, clock, randomBytes, base, reportOwnFinding } = parts;
  const counted = new Map<string, Counted>();
  let isBroken = false;
  let writtenMs = Number.NEGATIVE_INFINITY;

  let waiting: { readonly lines: string[]; readonly written: Promise<void> } | undefined;

  /** What is recorded within a moment goes to the disk together, and is answered together. */
  function record(entry: AccessEntry): Promise<void> {
    if (waiting === undefined) {
      const lines: string[] = [];
      waiting = { lines, written: gathered().then(() => write(lines)) };
    }
    waiting.lines.push(JSON.stringify(eventOf(entry)));
    return waiting.written;
  }

  async function gathered(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherMs));
    waiting = undefined;
  }

  function eventOf(entry: AccessEntry): EventRecord {
    const atMs = clock();
    const { severity = entry.outcome === "failure" ? "warn" : "info", ...rest } = entry;
    return {
      id: uuidv7(atMs, randomBytes(10)),
      time: formatTime(Math.floor(atMs * 1000)),
      stream: streamOf(entry.kind),
      ...base,
      ...rest,
      severity,
    };
  }

  async function write(lines: readonly string[]): Promise<void> {
    try {
      const { refusals } = await intake({
        source: "midwatch-access",
        batchId: uuidv7(clock(), randomBytes(10)),
        encoding: "identity",
        isOwn: true,
        body: new TextEncoder().encode(`${lines.join("\n")}\n`),
      });
      if (refusals[0]) throw new Error(refusals[0].reason);
    } catch (cause) {
      broken(cause);
      throw new Fault(
        "ACCESS_UNRECORDED",
        "Who reads is recorded, and that cannot be written now: until it can, nothing is shown.",
        { cause, retryAfterSeconds: 10 },
      );
    }
    writtenMs = clock();
    if (isBroken) {
      isBroken = false;
      reportOwnFinding({ subject, over: true, because: "Access is recorded again." });
    }
  }

  function broken(cause: unknown): void {
    if (isBroken) return;
    isBroken = true;
    const because = `Access cannot be recorded, so nothing is shown: ${cause instanceof Error ? cause.message : String(cause)}`;
    reportOwnFinding({ subject, because });
  }

  /** The end of a stretch: how many there were beside the first. */
  async function tell(sameAs: string): Promise<void> {
    const found = counted.get(sameAs);
    counted.delete(sameAs);
    if (!found || found.count === 0) return;
    clearTimeout(found.timer);
    const { entry, count } = found;
    await record({
      ...entry,
      message: `${entry.message} (${count} more times within a minute)`,
      attributes: { ...entry.attributes, repeated: count },
    });
  }

  return {
    record,
    check: async () => {
      if (isBroken) await record({ ...probe, message: "Access is recorded again" });
    },
    recordOnce: async (sameAs, entry) => {
      const found = counted.get(sameAs);
      if (found) {
        found.count += 1;
        // What is counted is not written yet, so it must be possible to write it.
        if (isBroken || clock() - writtenMs > trustedMs) await tell(sameAs);
        return;
      }
      await record(entry);
      if (counted.size >= countedMax) return;
      // It is reported where it fails; nobody waits for it.
      const timer = setTimeout(() => void tell(sameAs).catch(() => undefined), countedMs);
      timer.unref();
      counted.set(sameAs, { entry, count: 0, timer });
    },
    close: async () => {
      for (const sameAs of counted.keys()) {
        clearTimeout(counted.get(sameAs)?.timer);
        await tell(sameAs).catch(() => undefined);
      }
    },
  };
}
