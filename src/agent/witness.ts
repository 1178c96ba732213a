/**
 * The agent as a witness of the server's ledger: it keeps the newest signed checkpoint of every
 * acknowledgement on its own disk, and says it when a later one does not begin with it. So each host
 * is a memory that whoever takes over the server cannot reach.
 */
import type { WitnessedCheckpoint } from "../model/intake.ts";
import { openCheckpoint, parseVerifier, type Verifier } from "../seal/note.ts";
import { type Judgement, judgeCheckpoint } from "../seal/witness.ts";
import type { OwnEvents } from "./own.ts";
import type { AgentState } from "./state.ts";

const keyTimeoutMs = 10_000;
const keyLengthMax = 1000;

export type WitnessSetup = {
  readonly state: AgentState;
  readonly own: OwnEvents;
  readonly server: URL;
  readonly log: (line: string) => void;
};

const settings = { key: "ledger_key", checkpoint: "ledger_checkpoint", alarm: "ledger_alarm" } as const;

export class Witness {
  readonly #setup: WitnessSetup;

  constructor(setup: WitnessSetup) {
    this.#setup = setup;
  }

  /** Entries of the checkpoint that is kept; 0 where there is none. */
  get size(): number {
    const { state } = this.#setup;
    const key = parseVerifier(state.setting(settings.key) ?? "");
    const kept = state.setting(settings.checkpoint);
    return (key && kept !== undefined && openCheckpoint(kept, key)?.size) || 0;
  }

  /** Judges what came with an acknowledgement. The events are taken in either way. */
  async see(checkpoint: WitnessedCheckpoint | undefined): Promise<void> {
    if (checkpoint === undefined) return;
    const { state } = this.#setup;
    const key = parseVerifier(state.setting(settings.key) ?? "") ?? (await this.#pinKey());
    if (key === undefined) return;
    const kept = state.setting(settings.checkpoint);
    if (kept === checkpoint.note) return;
    const judgement = judgeCheckpoint(key, kept, checkpoint);
    if (judgement.kind === "consistent")
      state.change(() => state.setSetting(settings.checkpoint, judgement.note));
    else this.#raise(judgement, kept ?? "");
  }

  /** The key is the one that the server shows first; from then on no other is believed. */
  async #pinKey(): Promise<Verifier | undefined> {
    const { server, state, log } = this.#setup;
    try {
      const base = server.href.endsWith("/") ? server.href : `${server.href}/`;
      const answer = await fetch(new URL("ledger/key", base), { signal: AbortSignal.timeout(keyTimeoutMs) });
      const text = answer.ok ? (await answer.text()).slice(0, keyLengthMax).trim() : "";
      const key = parseVerifier(text);
      if (key === undefined) return undefined;
      state.change(() => state.setSetting(settings.key, text));
      log(`the ledger's public key is pinned: ${text}`);
      return key;
    } catch {
      // It comes again with the next acknowledgement.
      return undefined;
    }
  }

  /** Once for each checkpoint that was kept: a server that forks goes on answering. */
  #raise(judgement: Exclude<Judgement, { kind: "consistent" }>, kept: string): void {
    const { state, own, log } = this.#setup;
    const alarm = `${judgement.kind}\n${kept}`;
    if (state.setting(settings.alarm) === alarm) return;
    log(`THE LEDGER IS NOT WHAT IT WAS (${judgement.kind}): ${judgement.because}`);
    state.change(() => {
      state.setSetting(settings.alarm, alarm);
      own.add({
        kind: "audit.action",
        severity: "fatal",
        outcome: "failed",
        error_class: `ledger.${judgement.kind}`,
        message: `The server's ledger is not what it was: ${judgement.because}`,
        attributes: { action: `ledger.${judgement.kind}`, kept },
      });
    });
  }
}
