/**
 * The agent of one host: two loops over one state. The looking loop reads what is new, watches the
 * workers and keeps the spool tidy, and never waits for the network; the sending loop ships.
 */
import { type FSWatcher, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../model/time.ts";
import type { CertificateFiles } from "./certificate.ts";
import { ControlFile } from "./control.ts";
import { SpoolFiles } from "./files.ts";
import { OwnEvents } from "./own.ts";
import { type PumaPlace, PumaPoller } from "./puma.ts";
import { RefusedLines } from "./refused.ts";
import { type CrontabPlaces, recordSchedules } from "./schedules.ts";
import { messageOf, Sender } from "./sender.ts";
import { forgetSenders, reportHoles } from "./sequence.ts";
import { type Shipped, Shipper } from "./ship.ts";
import { AgentState, isDiskFull } from "./state.ts";
import { type LogSource, LogTailer } from "./tail.ts";
import { Watcher } from "./watch.ts";
import { Workers } from "./workers.ts";

export type AgentSetup = {
  readonly server: URL;
  readonly keyFile: string;
  readonly certificate?: CertificateFiles | undefined;
  readonly spool: string;
  readonly stateDirectory: string;
  readonly host: string;
  /** What this host calls itself, if that is not `host`. */
  readonly otherHosts: readonly string[];
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: (line: string) => void;
  readonly version: string;
  readonly limits: AgentLimits;
  readonly crontabs: CrontabPlaces;
  /** Ordinary log files to follow. */
  readonly logs: readonly LogSource[];
  /** Pumas to ask how busy they are. */
  readonly puma: readonly PumaPlace[];
  /** Minutes east of Greenwich of this host's clock at a moment in milliseconds. */
  readonly zoneMinutes: (atMs: number) => number;
};

type AgentLimits = { readonly [K in keyof typeof agentLimits]: number };

export const agentLimits = {
  /** Lines and plain bytes of one batch. What is over waits for the next. */
  batchLinesMax: 20_000,
  batchBytesMax: 4 * 1024 * 1024,
  /** After a batch that was not full, more is awaited for this long. */
  lingerMs: 250,
  /** How often is looked when nothing tells of a change. */
  lookEveryMs: 1000,
  /** How often is looked whether the certificate nears its end. */
  renewEveryMs: 3_600_000,
  /** The sampling of the agent's own state. */
  sampleEveryMs: 30_000,
  /** How often a Puma is asked, as its plugin would tell. */
  pumaEveryMs: 10_000,
  /** First and longest wait before a batch is sent again. */
  againFromMs: 500,
  againMaxMs: 10_000,
  /** Wait after the server refused the key: a person must act. */
  deniedMs: 30_000,
  /** A file that nobody wrote to for this long, and that its process has left, is final. */
  quietMs: 10_000,
  /** A number that comes late comes within microseconds; a busy machine may make seconds of them. */
  holeOpenMs: 10_000,
  /** Held in the spool while nothing can be sent. More: the oldest ended processes' files go. */
  spoolBytesMax: 4 * 1024 ** 3,
  /** What is sent after the order to stop must be acknowledged within this time. */
  stopMs: 5000,
  /** A state of failure that lasts is repeated in the log this often. */
  repeatLogMs: 60_000,
} as const;

/** Runs until `stop` is aborted. Throws `CONFIG_INVALID` where it cannot begin. */
export async function runAgent(setup: AgentSetup, stop: AbortSignal): Promise<void> {
  const state = new AgentState(setup.stateDirectory);
  const own = new OwnEvents(state, setup);
  const { server, keyFile, certificate } = setup;
  const sender = new Sender({ server, keyFile, certificate, source: own.source });
  try {
    await new Agent(setup, state, own, sender).run(stop);
  } finally {
    sender.close();
    state.close();
  }
}

class Agent {
  readonly #setup: AgentSetup;
  readonly #state: AgentState;
  readonly #own: OwnEvents;
  readonly #files: SpoolFiles;
  readonly #watcher: Watcher;
  readonly #workers: Workers;
  readonly #tailer: LogTailer;
  readonly #shipper: Shipper;
  readonly #sender: Sender;
  readonly #puma: PumaPoller;
  readonly #startedMs: number;
  #sampledMs = 0;
  /** Ends the present wait of the sending loop. */
  #wakeSender: () => void = () => {};
  #troubleSinceMs: number | undefined;
  #troubleLoggedMs = 0;
  #waitMs: number;

  constructor(setup: AgentSetup, state: AgentState, own: OwnEvents, sender: Sender) {
    const { clock, log, spool: directory } = setup;
    this.#setup = setup;
    this.#state = state;
    this.#own = own;
    this.#sender = sender;
    this.#startedMs = clock();
    this.#waitMs = setup.limits.againFromMs;
    this.#files = new SpoolFiles({ directory, state, own, clock, log, quietMs: setup.limits.quietMs });
    const hosts = new Set([setup.host, ...setup.otherHosts]);
    this.#watcher = new Watcher({ state, files: this.#files, own, host: setup.host, hosts, clock });
    this.#workers = new Workers({ state, own, watcher: this.#watcher, clock, log });
    this.#tailer = new LogTailer({
      sources: setup.logs,
      state,
      own,
      clock,
      zoneMinutes: setup.zoneMinutes,
      complain: (subject, line) => this.#files.complain(subject, line),
    });
    this.#puma = new PumaPoller(setup.puma);
    const limits = { bytesMax: setup.limits.batchBytesMax, linesMax: setup.limits.batchLinesMax };
    const refused = new RefusedLines(setup.stateDirectory, clock);
    const control = new ControlFile(directory);
    this.#shipper = new Shipper({ state, files: this.#files, own, sender, refused, control, limits, log });
  }

  async run(stop: AbortSignal): Promise<void> {
    const { spool, server, log } = this.#setup;
    log(`agent of ${this.#setup.host}: ${spool} to ${server.origin}`);
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const giveUpLater = (): void => {
      timer = setTimeout(() => late.abort(), this.#setup.limits.stopMs);
    };
    stop.addEventListener("abort", giveUpLater, { once: true });
    try {
      // A batch in flight can be put together again only when it is known what there is.
      await this.#guard("looking", () => this.#files.refresh());
      await Promise.all([
        this.#lookUntil(stop),
        this.#sendUntil(stop, late.signal),
        this.#askPumaUntil(stop),
        this.#renewUntil(stop),
      ]);
      // What was written before the order to stop is still to be found, and sent.
      await this.#guard("looking", () => this.#files.refresh());
      await this.#sendRest(late.signal);
    } finally {
      clearTimeout(timer);
    }
    const waiting = this.#unsentBytes();
    log(waiting === 0 ? "stopped; all is sent" : `stopped; ${waiting} bytes wait for the next start`);
  }

  async #lookUntil(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const read = await this.#guard("looking", async () => this.#look());
      if (this.#unsentBytes() > 0 || this.#own.waiting() > 0) this.#wakeSender();
      if (read) await pause(this.#setup.limits.lingerMs, stop);
      else await this.#awaitChange(stop);
    }
  }

  async #look(): Promise<boolean> {
    await this.#files.refresh();
    let read = false;
    while (await this.#watcher.pass()) {
      read = true;
      await this.#files.refresh();
    }
    read = (await this.#tailer.look()) || read;
    await this.#workers.sweep();
    const nowMs = this.#setup.clock();
    reportHoles(this.#state, this.#own, nowMs - this.#setup.limits.holeOpenMs);
    await this.#files.removeDone();
    await this.#files.makeRoom(this.#setup.limits.spoolBytesMax);
    if (nowMs - this.#sampledMs >= this.#setup.limits.sampleEveryMs) {
      this.#sample(nowMs);
      recordSchedules(this.#state, this.#own, this.#setup.crontabs);
    }
    return read;
  }

  async #askPumaUntil(stop: AbortSignal): Promise<void> {
    while (this.#setup.puma.length > 0 && !stop.aborted) {
      const events = await this.#puma.ask({ host: this.#setup.host, nowMs: this.#setup.clock() });
      this.#state.change(() => {
        for (const event of events) {
          if (event.kind === "puma.stats") this.#own.addSample(event);
          else this.#own.add(event);
        }
      });
      this.#wakeSender();
      await pause(this.#setup.limits.pumaEveryMs, stop);
    }
  }

  async #renewUntil(stop: AbortSignal): Promise<void> {
    const { certificate, clock, limits, log } = this.#setup;
    if (certificate === undefined) return;
    while (!stop.aborted) {
      try {
        if (await this.#sender.renewCertificate(clock())) log(`renewed ${certificate.certificate}`);
      } catch (error) {
        log(`the certificate could not be renewed, and is tried again: ${messageOf(error)}`);
      }
      await pause(limits.renewEveryMs, stop);
    }
  }

  async #sendUntil(stop: AbortSignal, late: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const shipped = await this.#guard("sending", () => this.#shipper.ship(late));
      await this.#waitAfter(shipped ?? { kind: "again", because: "" }, stop);
    }
  }

  async #sendRest(late: AbortSignal): Promise<void> {
    while (!late.aborted) {
      const shipped = await this.#guard("sending", () => this.#shipper.ship(late));
      if (shipped?.kind !== "sent") return;
    }
  }

  async #waitAfter(shipped: Shipped, stop: AbortSignal): Promise<void> {
    if (shipped.kind === "sent") {
      this.#recovered();
      // Waiting a little makes fewer, larger batches; after the order to stop there is no time.
      if (!shipped.full) await pause(this.#setup.limits.lingerMs, stop);
      return;
    }
    if (shipped.kind === "idle") {
      await this.#untilWoken(stop);
      return;
    }
    this.#trouble(shipped.because);
    if (shipped.kind === "denied") {
      await pause(this.#setup.limits.deniedMs, stop);
      return;
    }
    const [part] = this.#setup.randomBytes(1);
    // Between half and all of the wait, so that many agents do not come back at one moment.
    const waitMs = shipped.afterMs ?? this.#waitMs * (0.5 + (part as number) / 510);
    this.#waitMs = Math.min(this.#waitMs * 2, this.#setup.limits.againMaxMs);
    await pause(waitMs, stop);
  }

  #trouble(because: string): void {
    if (because === "") return;
    const nowMs = this.#setup.clock();
    this.#troubleSinceMs ??= nowMs;
    if (nowMs - this.#troubleLoggedMs < this.#setup.limits.repeatLogMs) return;
    this.#troubleLoggedMs = nowMs;
    this.#setup.log(`cannot send, ${this.#unsentBytes()} bytes wait: ${because}`);
  }

  #recovered(): void {
    if (this.#troubleSinceMs !== undefined) {
      const seconds = Math.round((this.#setup.clock() - this.#troubleSinceMs) / 1000);
      this.#setup.log(`sending again after ${seconds} s`);
    }
    this.#troubleSinceMs = undefined;
    this.#troubleLoggedMs = 0;
    this.#waitMs = this.#setup.limits.againFromMs;
  }

  /** A full disk passes; anything else that is thrown is a fault of ours and ends the agent. */
  async #guard<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      this.#files.complain(`disk ${what}`, `the disk of the state directory is full: ${messageOf(error)}`);
      return undefined;
    }
  }

  #sample(nowMs: number): void {
    this.#sampledMs = nowMs;
    const { sent, refused } = this.#shipper.counts;
    const { count: batches, head } = this.#shipper.chain;
    const waiting = [...this.#waitingFiles()];
    const oldestMs = Math.min(nowMs, ...waiting.map(({ changedMs }) => changedMs));
    this.#state.change(() => {
      forgetSenders(this.#state, nowMs);
      this.#own.addSample({
        kind: "metrics.sample",
        message: `The agent of ${this.#setup.host} is at work.`,
        attributes: {
          unsent_bytes: this.#unsentBytes(),
          unsent_age_ms: Math.round(nowMs - oldestMs),
          spool_files: this.#files.current.size,
          sent_lines: sent,
          refused_lines: refused,
          // So the ledger holds where the chain of batches was, whether or not anything else came.
          batches,
          batch_chain: head,
          up_ms: Math.round(nowMs - this.#startedMs),
          version: this.#setup.version,
        },
      });
    });
  }

  *#waitingFiles(): Generator<{ readonly bytes: number; readonly changedMs: number }> {
    for (const row of this.#state.files()) {
      const file = this.#files.current.get(row.id);
      if (file && file.bytes > row.sent) yield { bytes: file.bytes - row.sent, changedMs: file.changedMs };
    }
  }

  #unsentBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#waitingFiles()) sum += bytes;
    return sum;
  }

  async #untilWoken(stop: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wakeSender = () => woken.abort();
    await pause(this.#setup.limits.lookEveryMs, AbortSignal.any([stop, woken.signal]));
  }

  /** The kernel tells of a change; where it does not (network file systems), the clock does. */
  async #awaitChange(stop: AbortSignal): Promise<void> {
    const changed = new AbortController();
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(this.#setup.spool, () => changed.abort());
      watcher.on("error", () => changed.abort());
    } catch {
      // Said by the refresh already, if the directory is not there.
    }
    await pause(this.#setup.limits.lookEveryMs, AbortSignal.any([stop, changed.signal]));
    watcher?.close();
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Being woken is the other way for a pause to end, and no error.
  await sleep(ms, undefined, { signal }).catch(() => {});
}
