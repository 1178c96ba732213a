/**
 * Sends what lies in the spool, batch by batch. A batch's bounds are on disk before it is sent and
 * its files' offsets move only when the server has acknowledged it, so a kill at any moment leads
 * to the same batch again, which the server takes once.
 */
import type { SourceChain } from "../model/intake.ts";
import { chainStart, formatChain, parseChain } from "../seal/source-chain.ts";
import { type Batch, type BatchLimits, gather, ownName, rebuild } from "./batch.ts";
import type { ControlFile } from "./control.ts";
import { dropNotes } from "./file-chain.ts";
import type { SpoolFiles } from "./files.ts";
import { sampleOf } from "./lines.ts";
import type { OwnEvents } from "./own.ts";
import type { RefusedLine, RefusedLines } from "./refused.ts";
import type { Sender } from "./sender.ts";
import type { AgentState, Segment } from "./state.ts";
import { Witness } from "./witness.ts";

export type Shipped =
  | { readonly kind: "idle" }
  /** `full`: as much was sent as one batch may hold, so more is likely to wait. */
  | { readonly kind: "sent"; readonly full: boolean }
  | { readonly kind: "again"; readonly because: string; readonly afterMs?: number }
  | { readonly kind: "denied"; readonly because: string };

export type ShipperSetup = {
  readonly state: AgentState;
  readonly files: SpoolFiles;
  readonly own: OwnEvents;
  readonly sender: Sender;
  readonly refused: RefusedLines;
  readonly control: ControlFile;
  readonly limits: BatchLimits;
  readonly log: (line: string) => void;
};

/** Of the agent's state: the chain over its batches. */
const chainSetting = "batch_chain";

export class Shipper {
  readonly #setup: ShipperSetup;
  /** The batch in flight, so that a repetition need not read it again. */
  #batch: Batch | undefined;
  #linesMax: number;
  /** Rotates, so that one busy file cannot keep the others waiting. */
  #firstFile = 0;
  #sentLines = 0;
  #refusedLines = 0;
  readonly #witness: Witness;

  constructor(setup: ShipperSetup) {
    this.#setup = setup;
    this.#witness = new Witness({ ...setup, server: setup.sender.server });
    this.#linesMax = setup.limits.linesMax;
  }

  get counts(): { readonly sent: number; readonly refused: number } {
    return { sent: this.#sentLines, refused: this.#refusedLines };
  }

  /** Sends one batch, or says why not. */
  async ship(signal?: AbortSignal): Promise<Shipped> {
    this.#batch ??= await this.#next();
    const batch = this.#batch;
    if (!batch) {
      const stuck = this.#setup.state.savedBatch() !== undefined;
      return stuck
        ? { kind: "again", because: "a file of the batch in flight cannot be read" }
        : { kind: "idle" };
    }
    if (batch.lines.length === 0) {
      this.#settle(batch, []);
      return { kind: "sent", full: false };
    }
    const { body } = batch;
    const witnessed = this.#witness.size;
    const verdict = await this.#setup.sender.send(
      batch.saved.id,
      batch.lines.length,
      body,
      { witnessedSize: witnessed, chain: this.chain },
      signal,
    );
    if (verdict.kind === "again" || verdict.kind === "denied") return verdict;
    if (verdict.kind === "tooLarge") return this.#makeSmaller(batch, verdict.because);
    const refused = verdict.answer.refusals.flatMap(({ line, reason }) => {
      const found = batch.lines[line - 1];
      return found ? [{ from: found.from, reason, sample: sampleOf(found.bytes) }] : [];
    });
    const unnamed = Math.max(verdict.answer.refused - verdict.answer.refusals.length, 0);
    this.#settle(batch, refused, unnamed, verdict.link);
    await this.#witness.see(verdict.answer.checkpoint);
    if (verdict.answer.debug) this.#setup.control.write(verdict.answer.debug);
    this.#sentLines += batch.lines.length;
    const full = body.length > this.#setup.limits.bytesMax / 2 || batch.lines.length > this.#linesMax / 2;
    this.#linesMax = Math.min(this.#linesMax * 2, this.#setup.limits.linesMax);
    return { kind: "sent", full };
  }

  async #next(): Promise<Batch | undefined> {
    const { state, files, own, limits } = this.#setup;
    const saved = state.savedBatch();
    const rows = state.files();
    if (saved) return rebuild(state, files, rows, own, saved);
    this.#firstFile = rows.length === 0 ? 0 : (this.#firstFile + 1) % rows.length;
    const turned = [...rows.slice(this.#firstFile), ...rows.slice(0, this.#firstFile)];
    const batch = await gather(state, files, turned, own, { ...limits, linesMax: this.#linesMax });
    if (batch) state.change(() => state.saveBatch(batch.saved));
    return batch;
  }

  /** The batch is dealt with: moves the offsets, and records what was refused of it. */
  #settle(batch: Batch, byServer: readonly RefusedLine[], unnamed = 0, link?: SourceChain): void {
    const { state, own, refused } = this.#setup;
    // What could not be sent may hold secrets as well, and the reason may quote them.
    const all = [...batch.bad, ...byServer].map((line) => ({
      ...line,
      reason: own.hide(line.reason),
      sample: own.hide(line.sample),
    }));
    refused.add(all);
    state.change(() => {
      for (const segment of batch.saved.segments) this.#moveSent(segment);
      if (link !== undefined) state.setSetting(chainSetting, formatChain(link));
      if (batch.saved.own) own.drop(batch.saved.own.first, batch.saved.own.last);
      state.dropBatch();
      this.#report(all, unnamed);
    });
    this.#refusedLines += all.length + unnamed;
    this.#batch = undefined;
  }

  /** The newest link that the server has acknowledged. */
  get chain(): Pick<SourceChain, "count" | "head"> {
    return parseChain(this.#setup.state.setting(chainSetting) ?? "") ?? chainStart;
  }

  /** Says it when lines were not those any more that lay there when they were first read. */
  #moveSent({ file, start, end, skippingAfter, chain }: Segment): void {
    const { state, own, log } = this.#setup;
    state.moveSent(file, end, skippingAfter);
    dropNotes(state, file, end);
    if (chain === undefined) return;
    state.moveSentChain(file, chain.after);
    if (chain.brokenAt === undefined) return;
    const name = state.files().find(({ id }) => id === file)?.name ?? "a spool file";
    const message = `${name}: somebody changed or removed lines between the bytes ${start} and ${chain.brokenAt} after they were written and before they were sent`;
    log(message);
    own.add({
      kind: "source.gap",
      severity: "error",
      message,
      attributes: { file: name, start, end: chain.brokenAt },
    });
  }

  /** Of the agent's own lines only the log speaks: a refused report would make a report for ever. */
  #report(all: readonly RefusedLine[], unnamed: number): void {
    const count = all.length + unnamed;
    if (count === 0) return;
    const first = all[0]?.reason ?? "the server named no reason";
    const from = [...new Set(all.map((one) => one.from))].slice(0, 10);
    const message =
      `${count === 1 ? "one line was" : `${count} lines were`} refused and kept in ` +
      `${this.#setup.refused.path}; the first: ${first}`;
    this.#setup.log(message);
    if (all.length > 0 && all.every((one) => one.from === ownName)) return;
    this.#setup.own.add({
      kind: "source.gap",
      severity: "warn",
      message,
      attributes: { refused: count, files: from, first_reason: first },
    });
  }

  /** Nothing of the batch was kept, so its bounds may be drawn anew. */
  #makeSmaller(batch: Batch, because: string): Shipped {
    const { state, log } = this.#setup;
    const only = batch.lines.length === 1 ? batch.lines[0] : undefined;
    if (only) {
      const reason = `too large for the server: ${because}`;
      this.#settle(batch, [{ from: only.from, reason, sample: sampleOf(only.bytes) }]);
      return { kind: "sent", full: true };
    }
    this.#linesMax = Math.max(Math.floor(batch.lines.length / 2), 1);
    log(`the server finds a batch of ${batch.lines.length} lines too large (${because}); sending fewer`);
    state.change(() => state.dropBatch());
    this.#batch = undefined;
    return { kind: "sent", full: true };
  }
}
