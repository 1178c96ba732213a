/**
 * Midwatch's own events, sent through the same door as everybody's. They wait in memory for a
 * moment so that several go as one batch; while they cannot be taken in they are held up to a
 * limit, and what did not fit is counted and said.
 */
import type { EventRecord, Kind } from "../model/event.ts";
import { streamOf } from "../model/event.ts";
import type { Intake } from "../model/intake.ts";
import { type Clock, formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";

/** Events that wait. More: the oldest is dropped and counted. */
const waitingMax = 1000;
const gatherMs = 200;
const retryMs = 5000;

type OwnFields = Omit<Partial<EventRecord>, "id" | "time" | "stream" | "kind">;

export type OwnEvents = {
  /** `atMs` absent: now. */
  readonly record: (kind: Kind, fields: OwnFields, atMs?: number) => void;
  /** Sends what waits, once; what is not taken is given up. */
  readonly close: () => Promise<void>;
};

export type OwnEventsOptions = {
  readonly intake: Intake;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Goes onto every event: service, host, release and the like. */
  readonly base: OwnFields;
};

export function startOwnEvents({ intake, clock, randomBytes, base }: OwnEventsOptions): OwnEvents {
  let waiting: string[] = [];
  let dropped = 0;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let closed = false;

  function add(kind: Kind, fields: OwnFields, atMs: number): void {
    const record = {
      id: uuidv7(atMs, randomBytes(10)),
      time: formatTime(Math.floor(atMs * 1000)),
      stream: streamOf(kind),
      kind,
      ...base,
      ...fields,
    };
    waiting.push(JSON.stringify(record));
    if (waiting.length > waitingMax) {
      waiting.shift();
      dropped += 1;
    }
  }

  async function send(): Promise<boolean> {
    if (dropped > 0) {
      add(
        "source.gap",
        { severity: "warn", message: `${dropped} of Midwatch's own events were dropped` },
        clock(),
      );
      dropped = 0;
    }
    const lines = waiting;
    waiting = [];
    if (lines.length === 0) return true;
    try {
      await intake({
        source: "midwatch-server",
        batchId: uuidv7(clock(), randomBytes(10)),
        encoding: "identity",
        isOwn: true,
        body: new TextEncoder().encode(`${lines.join("\n")}\n`),
      });
      return true;
    } catch {
      // Said to nobody: a line about it would only join those that wait. The spool check tells.
      waiting = [...lines, ...waiting].slice(-waitingMax);
      return false;
    }
  }

  async function sendAndGoOn(): Promise<void> {
    const taken = await send();
    if (waiting.length > 0) schedule(taken ? gatherMs : retryMs);
  }

  function schedule(waitMs: number): void {
    if (closed || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      sending = sendAndGoOn();
    }, waitMs);
  }

  return {
    record: (kind, fields, atMs) => {
      add(kind, fields, atMs ?? clock());
      schedule(gatherMs);
    },
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await sending;
      await send();
    },
  };
}
