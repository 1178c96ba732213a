/**
 * Looks at every line once, whether or not the server can be reached: which worker holds which run,
 * and which numbers of a sender are missing. What was learned and how far was read are one change.
 */
import type { EventRecord, Kind } from "../model/event.ts";
import { memoryGroupOf } from "./cause.ts";
import { noteChain } from "./file-chain.ts";
import type { SpoolFile, SpoolFiles } from "./files.ts";
import { type Lines, splitLines } from "./lines.ts";
import type { OwnEvents } from "./own.ts";
import { bootId, containedPid, type ProcessName, parseWorker, pidHere, uptimeSeconds } from "./process.ts";
import { noteNumbers } from "./sequence.ts";
import type { AgentState, FileRow, Row } from "./state.ts";
import { endOf, type Notes, type RunStart, readNotes, startOf } from "./wrapper.ts";

export type WatcherSetup = {
  readonly state: AgentState;
  readonly files: SpoolFiles;
  readonly own: OwnEvents;
  readonly host: string;
  /** Names that workers of this host may give it. */
  readonly hosts: ReadonlySet<string>;
  readonly clock: () => number;
};

/** What is kept of a start, to tell of its loss. */
const keptFields = [
  "service",
  "environment",
  "release",
  "runtime",
  "job",
  "run_id",
  "attempt",
  "parent_run_id",
  "trace_id",
  "queue",
  "priority",
  "actor",
  "host",
  "worker",
  "time",
] as const satisfies readonly (keyof EventRecord)[];
export type KeptFields = { readonly [K in (typeof keptFields)[number]]?: EventRecord[K] };

/** Read of one file, and of all, before what was learned is put on disk. */
const partBytesMax = 512 * 1024;
const passBytesMax = 1024 * 1024;

const ends: ReadonlySet<Kind> = new Set([
  "job.succeeded",
  "job.failed",
  "job.retried",
  "job.discarded",
  "job.cancelled",
  "job.lost",
]);

type Part = { readonly row: FileRow; readonly file: SpoolFile; readonly lines: Lines };
/** All notes of one file, of which the first `known` were taken before. */
type NotesPart = {
  readonly row: FileRow;
  readonly file: SpoolFile;
  readonly notes: Notes;
  readonly known: number;
};

/** A wrapper writes two notes; a larger file is no wrapper's. */
const notesBytesMax = 64 * 1024;
/** With so many of our own events unsent, the notes are left in their files. */
const ownWaitingMax = 50_000;

const forgetRun = "DELETE FROM execution WHERE worker = ? AND run_id = ?";

export class Watcher {
  readonly #setup: WatcherSetup;
  readonly #boot = bootId();
  /** Of the pass at hand: starts that are not noted yet, since most runs end soon after. */
  readonly #fresh = new Map<string, { readonly worker: string; readonly event: EventRecord }>();
  /** Of the pass at hand: workers that are noted, and workers that may be forgotten at its end. */
  readonly #met = new Set<string>();
  readonly #parting = new Set<string>();

  constructor(setup: WatcherSetup) {
    this.#setup = setup;
  }

  /** Reads what is new, within limits. Answers whether anything was read. */
  async pass(): Promise<boolean> {
    const parts: Part[] = [];
    const notes: NotesPart[] = [];
    const takeNotes = this.#setup.own.waiting() < ownWaitingMax;
    let bytesLeft = passBytesMax;
    for (const row of this.#setup.state.files()) {
      const file = this.#setup.files.current.get(row.id);
      if (!file || row.seen >= file.bytes || bytesLeft <= 0) continue;
      if (file.name.form === "run") {
        const part = takeNotes ? await this.#readNotes(row, file) : undefined;
        if (part) notes.push(part);
        continue;
      }
      const bytes = await this.#setup.files.read(file, row.seen, partBytesMax);
      if (!bytes) continue;
      bytesLeft -= bytes.length;
      const final = file.final && row.seen + bytes.length >= file.bytes;
      const bounds = { start: row.seen, skipping: row.seenSkips, final, linesMax: Infinity };
      const lines = splitLines(bytes, bounds);
      if (lines.end > row.seen) parts.push({ row, file, lines });
    }
    if (parts.length === 0 && notes.length === 0) return false;
    try {
      this.#setup.state.change(() => {
        this.#take(parts);
        for (const part of notes) this.#takeNotes(part);
        this.#noteFresh();
        for (const worker of this.#parting) this.#part(worker);
      });
    } finally {
      this.#fresh.clear();
      this.#met.clear();
      this.#parting.clear();
    }
    return true;
  }

  /** Reads on until no whole line is left unread. */
  async drain(): Promise<void> {
    await this.#setup.files.refresh();
    while (await this.pass()) await this.#setup.files.refresh();
  }

  async #readNotes(row: FileRow, file: SpoolFile): Promise<NotesPart | undefined> {
    const bytes = await this.#setup.files.read(file, 0, notesBytesMax);
    if (!bytes) return undefined;
    const notes = readNotes(bytes, 0);
    // What a wrapper that died left half written, or somebody put here, is passed over.
    const end = file.final ? file.bytes : notes.end;
    if (end <= row.seen) return undefined;
    const known = readNotes(bytes.subarray(0, row.seen), 0).notes.length;
    return { row, file, notes: { ...notes, end }, known };
  }

  /** Their events are our own, so a note is an event in the same change that marks it as taken. */
  #takeNotes({ row, file, notes, known }: NotesPart): void {
    const { state, own, host, clock } = this.#setup;
    state.moveSeen(row.id, notes.end, false);
    state.moveSent(row.id, notes.end, false);
    const noteClock = {
      bootId: this.#boot,
      nowMs: clock(),
      uptimeSeconds: uptimeSeconds(),
      fileBeganMs: file.beganMs,
    };
    const start = startOf(notes.notes[0] ?? [], file.name, host, noteClock);
    if (!start) return;
    const begun = known > 0 ? this.#asTold(start) : start;
    for (const note of notes.notes.slice(known)) {
      const event = note === notes.notes[0] ? start : endOf(note, begun, noteClock);
      if (event) this.#follow(own.add(event), start.worker);
    }
  }

  #take(parts: readonly Part[]): void {
    const numbers = new Map<string, number[]>();
    const lastTimes = new Map<string, string>();
    for (const { row, file, lines } of parts) {
      this.#setup.state.moveSeen(row.id, lines.end, lines.skipping);
      const chains = this.#setup.state.chains(row.id);
      if (chains) {
        const head = noteChain(this.#setup.state, row.id, lines, chains.seen);
        this.#setup.state.moveSeenChain(row.id, head);
      }
      let stranger = row.stranger;
      let judged: EventRecord | undefined;
      for (const line of lines.good) {
        const event = parseEvent(line);
        if (!event) continue;
        if (event.source !== undefined && Number.isSafeInteger(event.source_seq)) {
          const list = numbers.get(event.source);
          if (list) list.push(event.source_seq as number);
          else numbers.set(event.source, [event.source_seq as number]);
        }
        const sameNames = event.worker === judged?.worker && event.source === judged?.source;
        if (!stranger && !sameNames && this.#isStranger(event, file.name)) {
          stranger = true;
          this.#setup.state.markStranger(row.id);
        }
        judged = event;
        if (event.worker === undefined) continue;
        if (!lastTimes.has(event.worker) && !this.#isOurs(event.worker)) continue;
        lastTimes.set(event.worker, event.time);
        this.#follow(event, event.worker);
      }
    }
    noteNumbers(this.#setup.state, numbers, this.#setup.clock());
    for (const [worker, time] of lastTimes) {
      this.#setup.state.run("UPDATE worker SET last_time = ? WHERE worker = ?", time, worker);
    }
  }

  /** With the time that was told: the time of day may have been set since, and an end follows its start. */
  #asTold(start: RunStart): RunStart {
    const row = this.#setup.state.get(
      "SELECT fields FROM execution WHERE worker = ? AND run_id = ?",
      start.worker,
      start.run_id,
    );
    const time = row && fieldsOf(row).time;
    return time === undefined ? start : { ...start, time };
  }

  /** A worker of another host has pids that mean nothing here; one of a container is found under its own. */
  #isOurs(worker: string): boolean {
    const name = parseWorker(worker);
    return name !== undefined && (this.#setup.hosts.has(name.host) || containedPid(name) !== undefined);
  }

  /** The file's own process names a host that is not ours. */
  #isStranger({ worker, source }: EventRecord, { pid, startTicks }: ProcessName): boolean {
    return [worker, source?.slice(source.indexOf("@") + 1).split("/")[0]].some((text) => {
      const name = text === undefined ? undefined : parseWorker(text);
      return name?.pid === pid && name.startTicks === startTicks && !this.#setup.hosts.has(name.host);
    });
  }

  #follow(event: EventRecord, worker: string): void {
    const { state } = this.#setup;
    if (event.kind === "worker.started" || event.kind === "worker.heartbeat") {
      this.#meet(event, worker);
      state.run("UPDATE worker SET declared = 1 WHERE worker = ?", worker);
    } else if (event.kind === "worker.stopped" || event.kind === "worker.lost") {
      state.run("UPDATE worker SET declared = 0 WHERE worker = ?", worker);
      this.#parting.add(worker);
    } else if (event.kind === "job.started" && event.run_id !== undefined) {
      this.#meet(event, worker);
      this.#fresh.set(`${worker}\n${event.run_id}`, { worker, event });
    } else if (ends.has(event.kind) && event.run_id !== undefined) {
      this.#parting.add(worker);
      const wasFresh = this.#fresh.delete(`${worker}\n${event.run_id}`);
      // The same run may have begun here before and never ended; this end is the end of both.
      if (wasFresh) state.run(forgetRun, worker, event.run_id);
      else this.#end(event, worker, event.run_id);
    }
  }

  #noteFresh(): void {
    for (const { worker, event } of this.#fresh.values()) {
      const run = event.run_id as string;
      this.#setup.state.run("INSERT OR REPLACE INTO execution VALUES (?, ?, ?)", worker, run, keep(event));
    }
    this.#fresh.clear();
  }

  /**
   * The end of a run is told by the worker that began it, or by that worker's parent (Celery's main
   * process tells of a child that died). Two workers may hold the same run at one time, so another's
   * word counts only where one alone holds it, and for the same attempt.
   */
  #end(event: EventRecord, worker: string, run: string): void {
    const { state } = this.#setup;
    this.#noteFresh();
    const held = state.all("SELECT worker, fields FROM execution WHERE run_id = ?", run);
    const own = held.find((row) => row["worker"] === worker);
    const only = held.length === 1 ? held[0] : undefined;
    const attempt = only && fieldsOf(only).attempt;
    const holder = own ?? (attempt === event.attempt ? only : undefined);
    if (holder) {
      const name = holder["worker"] as string;
      state.run(forgetRun, name, run);
      this.#parting.add(name);
    }
  }

  #meet(event: EventRecord, worker: string): void {
    const { state, clock } = this.#setup;
    if (this.#met.has(worker)) return;
    this.#met.add(worker);
    if (state.get("SELECT 1 FROM worker WHERE worker = ?", worker)) return;
    // A line from before the machine started speaks of a process that cannot be here any more,
    // though its pid and start time may be given again.
    const bootedMs = clock() - uptimeSeconds() * 1000;
    const before = Date.parse(event.time) < bootedMs - clockSlackMs;
    const pid = before ? undefined : pidHere(parseWorker(worker) as ProcessName);
    const memory = pid === undefined ? undefined : memoryGroupOf(pid);
    state.run(
      "INSERT INTO worker (worker, declared, boot, last_time, fields, memory) VALUES (?, 0, ?, ?, ?, ?)",
      worker,
      before ? "" : this.#boot,
      event.time,
      keep(event),
      memory ? JSON.stringify(memory) : null,
    );
  }

  /** A worker that declared nothing and holds nothing need not be watched. */
  #part(worker: string): void {
    this.#setup.state.run(
      "DELETE FROM worker WHERE worker = ?1 AND declared = 0 AND NOT EXISTS (SELECT 1 FROM execution WHERE worker = ?1)",
      worker,
    );
  }
}

const clockSlackMs = 5000;

function fieldsOf(row: Row): KeptFields {
  return JSON.parse(row["fields"] as string) as KeptFields;
}

function keep(event: EventRecord): string {
  return JSON.stringify(Object.fromEntries(keptFields.map((name) => [name, event[name]])));
}

const decoder = new TextDecoder();

/** The fields we look at, if they are what they must be. The server judges the rest. */
function parseEvent(line: Uint8Array): EventRecord | undefined {
  try {
    const event = JSON.parse(decoder.decode(line)) as EventRecord;
    const wellFormed =
      typeof event.kind === "string" &&
      typeof event.time === "string" &&
      ["string", "undefined"].includes(typeof event.worker) &&
      ["string", "undefined"].includes(typeof event.run_id) &&
      ["string", "undefined"].includes(typeof event.source);
    return wellFormed ? event : undefined;
  } catch {
    return undefined;
  }
}
