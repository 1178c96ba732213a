/**
 * The agent's own events. They lie in its state until they are sent, so that noticing something
 * and recording it are one change: neither can happen without the other, and neither twice.
 */
import type { EventRecord, Kind } from "../model/event.ts";
import { streamOf } from "../model/event.ts";
import { type Clock, formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import { redactEvent } from "../redact/redact.ts";
import { compileRules } from "../redact/rules.ts";
import type { AgentState } from "./state.ts";

export type OwnEvent = Partial<Omit<EventRecord, "id" | "stream" | "source" | "source_seq">> & {
  readonly kind: Kind;
};

/** Samples are dropped, not kept, when the server has been away for this many of our events. */
const samplesWaitingMax = 1000;

export class OwnEvents {
  readonly source: string;
  readonly #state: AgentState;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #randomBytes: (count: number) => Uint8Array;
  readonly #rules = compileRules();

  constructor(
    state: AgentState,
    setup: { host: string; clock: Clock; randomBytes: (count: number) => Uint8Array },
  ) {
    this.#state = state;
    this.#host = setup.host;
    this.#clock = setup.clock;
    this.#randomBytes = setup.randomBytes;
    let name = state.setting("name");
    if (name === undefined) {
      name = Buffer.from(setup.randomBytes(4)).toString("hex");
      const fresh = name;
      state.change(() => state.setSetting("name", fresh));
    }
    this.source = `agent:${setup.host}:${name}`;
  }

  /** Must be called inside `state.change`. Answers the event as it will be sent. */
  add(event: OwnEvent): EventRecord {
    const nowMs = this.#clock();
    const last = this.#state.get("SELECT seq FROM sqlite_sequence WHERE name = 'own'")?.["seq"];
    const record: EventRecord = {
      id: uuidv7(nowMs, this.#randomBytes(10)),
      time: formatTime(Math.round(nowMs * 1000)),
      host: this.#host,
      runtime: "midwatch-agent",
      ...event,
      stream: streamOf(event.kind),
      source: this.source,
      source_seq: Number(last ?? 0) + 1,
    };
    // A cron line may hold a password: it is hidden before it comes to our own disk.
    const { event: safe } = redactEvent(record, this.#rules);
    this.#state.run("INSERT INTO own (line) VALUES (?)", JSON.stringify(safe));
    return safe;
  }

  /** A text without its secrets, for a file or a line of our own. */
  hide(text: string): string {
    return (
      redactEvent({ id: "", time: "", stream: "logs", kind: "log", message: text }, this.#rules).event
        .message ?? ""
    );
  }

  /** A sample is worth less the older it is; with the server long away, it is not kept. */
  addSample(event: OwnEvent): void {
    if (this.waiting() < samplesWaitingMax) this.add(event);
  }

  waiting(): number {
    return Number(this.#state.get("SELECT count(*) AS count FROM own")?.["count"]);
  }

  lines(first: number, last: number): readonly string[] {
    return this.#state
      .all("SELECT line FROM own WHERE number BETWEEN ? AND ? ORDER BY number", first, last)
      .map((row) => row["line"] as string);
  }

  /** Numbers of the oldest events that wait, at most `count` of them. */
  oldest(count: number): { readonly first: number; readonly last: number } | undefined {
    const row = this.#state.get(
      "SELECT min(number) AS first, max(number) AS last FROM (SELECT number FROM own ORDER BY number LIMIT ?)",
      count,
    );
    if (!row || row["first"] === null) return undefined;
    return { first: Number(row["first"]), last: Number(row["last"]) };
  }

  /** Must be called inside `state.change`. */
  drop(first: number, last: number): void {
    this.#state.run("DELETE FROM own WHERE number BETWEEN ? AND ?", first, last);
  }
}
