/**
 * A recorder in this program: appends events to a spool file of this process, as the recorders in
 * applications do, so that they are kept whether or not an agent or a server is there.
 */
import { closeSync, constants, fchmodSync, fsyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type EventRecord, streamOf } from "../model/event.ts";
import { type Clock, formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { OwnEvent } from "./own.ts";
import { startTicksOf } from "./process.ts";

export type SpoolWriterSetup = {
  readonly spool: string;
  readonly kind: string;
  readonly host: string;
  readonly pid: number;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /**
   * Hides secrets in an event. Loading the rules takes longer than many a command runs, so whoever
   * writes nothing but names and numbers gives a function that leaves events as they are.
   */
  readonly redact: (event: EventRecord) => EventRecord;
};

export class SpoolWriter {
  readonly worker: string;
  readonly #setup: SpoolWriterSetup;
  readonly #path: string;
  #descriptor: number | undefined;
  #number = 0;
  #dropped = 0;

  constructor(setup: SpoolWriterSetup) {
    const start = startTicksOf(setup.pid) ?? 0;
    this.#setup = setup;
    this.worker = `${setup.host}:${setup.pid}:${start}`;
    this.#path = join(setup.spool, `${setup.kind}-${setup.pid}-${start}-1.ndjson`);
  }

  /**
   * Never throws: what cannot be written is counted, and the count told when writing works again.
   * True when it is written; with `sync`, when it is on the disk.
   */
  add(event: OwnEvent, { sync = false } = {}): boolean {
    const nowMs = this.#setup.clock();
    this.#number += 1;
    const record: EventRecord = {
      id: uuidv7(nowMs, this.#setup.randomBytes(10)),
      time: formatTime(Math.round(nowMs * 1000)),
      host: this.#setup.host,
      ...event,
      stream: streamOf(event.kind),
      worker: this.worker,
      source: `${this.#setup.kind}@${this.worker}`,
      source_seq: this.#number,
      ...(this.#dropped > 0 && { attributes: { ...event.attributes, dropped: this.#dropped } }),
    };
    try {
      this.#write(`\n${JSON.stringify(this.#setup.redact(record))}\n`);
      if (sync) fsyncSync(this.#descriptor as number);
      this.#dropped = 0;
      return true;
    } catch {
      this.#dropped += 1;
      return false;
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #write(text: string): void {
    const { O_WRONLY, O_APPEND, O_CREAT } = constants;
    if (this.#descriptor === undefined) {
      this.#descriptor = openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT, 0o640);
      // A umask of 077 would shut the agent out.
      fchmodSync(this.#descriptor, 0o640);
    }
    const bytes = Buffer.from(text);
    if (writeSync(this.#descriptor, bytes) !== bytes.length) throw new Error("the write was cut short");
  }
}
