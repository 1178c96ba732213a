/** `midwatch ledger`: its key, its head, bundles for auditors, and the way out after a backup was put back. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { readStates } from "../../anchor/anchors.ts";
import { type CanonicalSource, exportBundle } from "../../seal/bundle.ts";
import { readHeader } from "../../seal/canonical.ts";
import { eraseEvent } from "../../seal/erase.ts";
import { folderSource } from "../../seal/head.ts";
import { readKey } from "../../seal/key.ts";
import { Ledger, recoverLedger } from "../../seal/ledger.ts";
import { cosignerMark, formatVerifier, openCheckpoint, type Signer } from "../../seal/note.ts";
import { proveEvent, verifyProof } from "../../seal/proof.ts";
import { startEngine } from "../../store/engine/supervisor.ts";
import { engineBytes, removeStoredEvent, storedSegments } from "../../store/segment-rows.ts";
import type { AddCommand } from "../command-line.ts";
import { type Config, loadConfig } from "../config.ts";
import { holdDataDirectory } from "../data-directory.ts";
import { openEncryption } from "../encryption.ts";
import { CommandFailure } from "../exit.ts";
import { ledgerDirectory, ledgerOptions } from "../ledger.ts";
import { anchorStatesPath, cosignedPaths, openWitnessKey, sentencesOf } from "../ledger-anchors.ts";
import { openLedgerData } from "../ledger-data.ts";
import { wholeNumber } from "../numbers.ts";
import { showCount } from "../show.ts";
import type { Terminal } from "../terminal.ts";
import { keyOption, readPinnedKey } from "./verify.ts";

type PlaceOptions = {
  readonly data?: string;
  readonly config?: string;
  readonly encryptionKeyFile?: string;
};
type EraseOptions = PlaceOptions & {
  readonly actor: string;
  readonly approver: string;
  readonly reason: string;
};
type RecoverOptions = PlaceOptions & { readonly actor: string; readonly reason: string };

export const addLedger: AddCommand = (program, terminal) => {
  const ledger = program
    .command("ledger")
    .summary("the key of the ledger, bundles for auditors, recovery")
    .description("Works on the ledger of this host's data directory.")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch ledger key > ledger.key\n" +
        "  midwatch ledger export ./2026-11\n" +
        '  midwatch ledger recover --actor alice --reason "disk failed, backup of Monday put back"\n',
    );

  placed(ledger.command("key"))
    .summary("print the public key")
    .description("Prints the ledger's public key. Keep it where the server cannot change it.")
    .action(async (options: PlaceOptions) => {
      await terminal.write(`${formatVerifier(signerOf(dataOf(options, terminal)))}\n`);
    });

  placed(ledger.command("checkpoint"))
    .summary("print the newest signed checkpoint")
    .description(
      "Prints the newest signed checkpoint. Whoever keeps it can later prove a roll-back or a fork.",
    )
    .action(async (options: PlaceOptions) => {
      const { source, release } = await openLedgerData(placeOf(options, terminal), terminal);
      await release();
      await terminal.write(Buffer.from(source("checkpoint") ?? []).toString());
    });

  placed(ledger.command("status"))
    .summary("how many entries it has, and which anchors hold which")
    .description("Says what is signed, and how far each place outside of this server is.")
    .action(async (options: PlaceOptions) => {
      const data = dataOf(options, terminal);
      const signer = signerOf(data);
      const bytes = folderSource(ledgerDirectory(data))("checkpoint") ?? new Uint8Array(0);
      const head = openCheckpoint(Buffer.from(bytes).toString(), signer);
      if (head === undefined) throw new CommandFailure("nothing", `${signer.name} has signed nothing yet`);
      const sentences = sentencesOf(readStates(anchorStatesPath(data)), head.size, terminal.clock());
      const alone =
        "No anchor has been told of it: whoever takes over this server and its agents can write it anew.";
      const lines = [`${signer.name} has signed ${showCount(head.size, "entry", "entries")}.`];
      await terminal.write(`${[...lines, ...(sentences.length > 0 ? sentences : [alone])].join("\n")}\n`);
    });

  placed(ledger.command("witness-key"))
    .summary("print the public key by which this Midwatch cosigns for others")
    .description(
      "Prints the key that others give to `midwatch verify --witness` and to their anchor of the kind\n" +
        "`witness`. It is made when it is first asked for.",
    )
    .action(async (options: PlaceOptions) => {
      const data = dataOf(options, terminal);
      const key = openWitnessKey(data, { hostname: terminal.hostname, randomBytes: terminal.randomBytes });
      await terminal.write(`${formatVerifier(key, cosignerMark)}\n`);
    });

  placed(ledger.command("export"))
    .summary("write a bundle that can be verified anywhere")
    .description(
      "Writes everything that a verification needs into a new folder: the ledger and all events, in the\n" +
        "exact bytes that were sealed. It holds all content, and is to be guarded like the data itself.",
    )
    .argument("<directory>", "a folder that is not there yet")
    .action(async (directory: string, options: PlaceOptions) => {
      if (existsSync(directory)) throw new CommandFailure("usage", `${directory} is there already`);
      const data = dataOf(options, terminal);
      const verifier = signerOf(data);
      const opened = await openLedgerData(placeOf(options, terminal), terminal);
      try {
        const { entries, events } = await exportBundle({
          ...opened,
          verifier,
          directory,
          cosigned: cosignedPaths(data),
        });
        await terminal.write(
          `Wrote ${showCount(entries, "entry", "entries")} and ${showCount(events, "event")} to ${directory}.\n`,
        );
      } finally {
        await opened.release();
      }
    });

  placed(ledger.command("prove"))
    .summary("write the proof of one event")
    .description(
      "Prints a proof that one event is in the ledger (c2sp.org/tlog-proof). The server must be stopped;\n" +
        "while it runs it gives the same at /api/v1/events/<id>/proof.",
    )
    .argument(
      "<segment>",
      "segment of the event, as `midwatch search --json` shows it",
      wholeNumber(1, 2 ** 53 - 1),
    )
    .argument("<index>", "its place in the segment (`segment_index`)", wholeNumber(0, 2 ** 32 - 1))
    .action(async (segment: number, index: number, options: PlaceOptions) => {
      await onStopped(options, terminal, async ({ ledger, rows }) => {
        await terminal.write(await proveEvent(ledger, await rows(segment), segment, index));
      });
    });

  keyOption(ledger.command("check-proof"))
    .summary("judge the proof of one event")
    .description(
      "Judges a .tlog-proof with nothing but the public key, and prints the event. Exit code 1: not proven.",
    )
    .argument("<file>", "the proof")
    .action(async (file: string, options: { readonly key?: string }) => {
      const verifier = readPinnedKey(options.key ?? terminal.environment["MIDWATCH_LEDGER_KEY"]);
      const verdict = verifyProof(readFileSync(file, "utf8"), verifier);
      if (!verdict.proven) throw new CommandFailure("nothing", `not proven: ${verdict.because}`);
      terminal.note(
        `Proven: this event is in the ledger of ${verifier.name}, signed at ${verdict.size} entries.`,
      );
      await terminal.write(`${JSON.stringify(verdict.event)}\n`);
    });

  placed(ledger.command("erase"))
    .summary("remove the content of one event, and say so for ever")
    .description(
      "Removes the content of one event, such as a leaked password, so that nobody can restore it, and\n" +
        "leaves a signed statement of who decided it and why. All other proofs stay valid. The server must\n" +
        "be stopped. Backups and whatever was forwarded are not reached.",
    )
    .argument("<segment>", "segment of the event", wholeNumber(1, 2 ** 53 - 1))
    .argument("<index>", "its place in the segment", wholeNumber(0, 2 ** 32 - 1))
    .requiredOption("--actor <name>", "who erases it")
    .requiredOption("--approver <name>", "who agreed; another person")
    .requiredOption("--reason <text>", "why, never what; it can never be removed")
    .action(async (segment: number, place: number, options: EraseOptions) => {
      const { actor, approver, reason } = options;
      await onStopped(options, terminal, async ({ ledger, rows, remove }) => {
        const stored = await rows(segment);
        const outcome = await eraseEvent(ledger, stored, { segment, place, actor, approver, reason });
        const row = Array.from({ length: stored.count }, (_, at) => at).find(
          (at) => stored.places[at] === place,
        );
        if (row !== undefined) await remove(readHeader(stored.header(row)).id, segment, place);
        const said = outcome === "erased" ? "is erased, and the ledger says so" : "had been erased already";
        await terminal.write(`Event ${place} of segment ${segment} ${said}.\n`);
      });
    });

  placed(ledger.command("recover"))
    .summary("go on after an older ledger was put back, and say so for ever")
    .description(
      "When a backup was put back, the server refuses to sign, because it would tell a second history.\n" +
        "This goes on from the older state and leaves a gap entry that names what was lost. Whoever keeps\n" +
        "a newer checkpoint will be told of a roll-back: that is true. The server must be stopped.",
    )
    .requiredOption("--actor <name>", "who decided it")
    .requiredOption("--reason <text>", "why, in a sentence; it can never be removed")
    .action(async (options: RecoverOptions) => {
      const data = dataOf(options, terminal);
      const signer = signerOf(data);
      const held = holdDataDirectory(data, terminal.pid);
      try {
        const memory = memoryOf(options, terminal);
        const settings = ledgerOptions(data, memory, signer, terminal.clock);
        const { kept, lost } = await recoverLedger(settings, options.actor, options.reason);
        await terminal.write(
          `The ledger goes on from ${showCount(kept.size, "entry", "entries")}; up to ${lost.size} had been signed. A gap entry says so.\n`,
        );
      } finally {
        held.release();
      }
    });
};

type Stopped = {
  readonly ledger: Ledger;
  readonly rows: (segment: number) => ReturnType<CanonicalSource>;
  readonly remove: (id: string, segment: number, index: number) => Promise<void>;
};

/** Ledger and engine of a data directory that no server has. */
async function onStopped(
  options: PlaceOptions,
  terminal: Terminal,
  act: (parts: Stopped) => Promise<void>,
): Promise<void> {
  const data = dataOf(options, terminal);
  const signer = signerOf(data);
  const held = holdDataDirectory(data, terminal.pid);
  try {
    const encryption = await openEncryption(placeOf(options, terminal), terminal.randomBytes);
    const engine = await startEngine({ directory: join(data, "engine"), keys: encryption?.engine });
    try {
      const memory = memoryOf(options, terminal);
      const ledger = new Ledger(ledgerOptions(data, memory, signer, terminal.clock));
      const ask = engineBytes(engine.socketPath);
      const stored = storedSegments(ask);
      await act({
        ledger,
        rows: (segment) => stored(segment, segment + 1),
        remove: (id, segment, index) => removeStoredEvent(ask, id, segment, index),
      });
      await ledger.close();
    } finally {
      await engine.close();
    }
  } finally {
    held.release();
  }
}

function placed(command: Command): Command {
  return command
    .option("--data <directory>", "data directory ($MIDWATCH_DATA)")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--encryption-key-file <file>", "key of an encrypted directory ($MIDWATCH_ENCRYPTION_KEY_FILE)");
}

function placeOf(options: PlaceOptions, terminal: Terminal): Config {
  return loadConfig(options, terminal.environment).values;
}

function dataOf(options: PlaceOptions, terminal: Terminal): string {
  return placeOf(options, terminal).data;
}

function memoryOf(options: PlaceOptions, terminal: Terminal): string {
  return loadConfig(options, terminal.environment).values["ledger.memory"];
}

function signerOf(data: string): Signer {
  const signer = readKey(join(ledgerDirectory(data), "key"));
  if (signer === undefined) throw new CommandFailure("usage", `${data} holds no ledger yet`);
  return signer;
}
