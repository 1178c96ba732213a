/**
 * Where the server's checkpoints are kept beside its own disk, and the ledgers of others that it
 * witnesses: the file that says so, and what runs because of it.
 */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type AnchorState, type Anchors, anchorSentence, makeAnchors } from "../anchor/anchors.ts";
import { type AnchorSetup, noAnchors, readAnchorSetup } from "../anchor/setup.ts";
import { Fault } from "../model/fault.ts";
import type { ReportOwnFinding } from "../model/own-finding.ts";
import { cosignedPath, isCosignedPath } from "../seal/cosign.ts";
import { writeDurableFile } from "../seal/durable-file.ts";
import { readKey, writeKey } from "../seal/key.ts";
import type { Ledger } from "../seal/ledger.ts";
import { cosignerMark, type Signer } from "../seal/note.ts";
import { makeWitnessServer, type WitnessServer } from "../seal/witness-server.ts";
import { CommandFailure } from "./exit.ts";
import { type LedgerParts, ledgerDirectory } from "./ledger.ts";
import { readSetup, readText } from "./setup-file.ts";
import type { Environment } from "./terminal.ts";

/** How often it is looked whether an anchor is due. */
const lookEveryMs = 1000;
const fileMode = 0o600;

export const anchorStatesPath = (data: string): string => join(ledgerDirectory(data), "anchors.json");
const witnessKeyPath = (data: string): string => join(ledgerDirectory(data), "witness.key");

/** Throws `CommandFailure` that says what is wrong. */
export function loadAnchors(file: string, environment: Environment): AnchorSetup {
  if (file === "") return noAnchors;
  const variable = (name: string): string | undefined => environment[name];
  return readSetup(file, (text) => readAnchorSetup(text, { readSecret: readText, variable }));
}

/** The key by which this installation cosigns for others; made when it is first asked for. */
export function openWitnessKey(
  data: string,
  { hostname, randomBytes }: Pick<LedgerParts, "hostname" | "randomBytes">,
): Signer {
  const path = witnessKeyPath(data);
  mkdirSync(ledgerDirectory(data), { recursive: true, mode: 0o700 });
  const name = `${hostname}/witness/${Buffer.from(randomBytes(4)).toString("hex")}`;
  return readKey(path, cosignerMark) ?? writeKey(path, name, randomBytes(32), cosignerMark);
}

/** Paths of what witnesses have cosigned, for a bundle. */
export function cosignedPaths(data: string): readonly string[] {
  const directory = join(ledgerDirectory(data), "cosigned");
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .map((name) => `cosigned/${name}`)
    .filter(isCosignedPath)
    .sort();
}

export type RunningAnchors = {
  /** One sentence for each anchor. */
  readonly sentences: () => readonly string[];
  /** Absent where no ledger of another is witnessed. */
  readonly witness?: WitnessServer;
  readonly close: () => Promise<void>;
};

export type RunningAnchorsOptions = LedgerParts & {
  readonly data: string;
  readonly setup: AnchorSetup;
  readonly ledger: Ledger;
  readonly pid: number;
  readonly reportOwnFinding: ReportOwnFinding;
  readonly report: (message: string) => void;
};

/** Throws `CommandFailure` where a setting of an anchor does not fit. */
export function startAnchors(options: RunningAnchorsOptions): RunningAnchors {
  const { data, setup, ledger, clock, reportOwnFinding } = options;
  const anchors = makeAnchors({
    anchors: openAnchors(options),
    ledger,
    path: anchorStatesPath(data),
    clock,
    report: (state, isBehind) => {
      const because = `Checkpoints of the ledger reach the anchor ${anchorSentence(state, ledger.head.size, clock())}`;
      const subject = `ledger.anchor.${state.name}`;
      reportOwnFinding({ subject, because, severity: "warning", ...(!isBehind && { over: true }) });
    },
  });
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look(anchors, options.report).finally(() => (looking = undefined));
  }, lookEveryMs);
  const witness =
    setup.witnessed.length === 0
      ? undefined
      : makeWitnessServer({
          directory: join(ledgerDirectory(data), "witnessed"),
          cosigner: openWitnessKey(data, options),
          logs: setup.witnessed,
          now: clock,
        });
  return {
    sentences: () => sentencesOf(anchors.states(), ledger.head.size, clock()),
    ...(witness !== undefined && { witness }),
    close: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}

function openAnchors({ data, setup, ledger, clock, hostname, pid }: RunningAnchorsOptions) {
  const { directory, signer } = ledger.options;
  try {
    return setup.open({
      clock,
      hostname,
      pid,
      ledger: signer,
      keepCosigned: (by, note) =>
        writeDurableFile(join(directory, cosignedPath(by)), Buffer.from(note), fileMode),
    });
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new CommandFailure("usage", `the anchors of ${data}: ${cause.message}`, { cause });
  }
}

/** What an anchor says is in its state; what is thrown here is a full disk or a fault of ours. */
async function look(anchors: Anchors, report: (message: string) => void): Promise<void> {
  try {
    await anchors.bring();
  } catch (error) {
    report(
      `How far the anchors are could not be kept: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function sentencesOf(
  states: readonly AnchorState[],
  headSize: number,
  nowMs: number,
): readonly string[] {
  return states.map((state) => `${anchorSentence(state, headSize, nowMs)}.`);
}
