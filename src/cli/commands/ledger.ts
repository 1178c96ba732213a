/** `midwatch ledger`: its key, its head, bundles for auditors, and the way out after a backup was put back. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { exportBundle } from "../../seal/bundle.ts";
import { readKey } from "../../seal/key.ts";
import { recoverLedger } from "../../seal/ledger.ts";
import { formatVerifier, type Signer } from "../../seal/note.ts";
import { loadConfig } from "../config.ts";
import { holdDataDirectory } from "../data-directory.ts";
import { CommandFailure } from "../exit.ts";
import { ledgerDirectory, ledgerOptions } from "../ledger.ts";
import { openLedgerData } from "../ledger-data.ts";
import type { AddCommand } from "../program.ts";
import { showCount } from "../show.ts";
import type { Terminal } from "../terminal.ts";

type PlaceOptions = { readonly data?: string; readonly config?: string };
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
      const data = dataOf(options, terminal);
      const { source, release } = await openLedgerData(data, terminal.pid);
      await release();
      await terminal.write(Buffer.from(source("checkpoint") ?? []).toString());
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
      const opened = await openLedgerData(data, terminal.pid);
      try {
        const { entries, events } = await exportBundle({ ...opened, verifier, directory });
        await terminal.write(
          `Wrote ${showCount(entries, "entry", "entries")} and ${showCount(events, "event")} to ${directory}.\n`,
        );
      } finally {
        await opened.release();
      }
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
        const settings = ledgerOptions(data, signer, terminal.clock);
        const { kept, lost } = await recoverLedger(settings, options.actor, options.reason);
        await terminal.write(
          `The ledger goes on from ${showCount(kept.size, "entry", "entries")}; up to ${lost.size} had been signed. A gap entry says so.\n`,
        );
      } finally {
        held.release();
      }
    });
};

function placed(command: Command): Command {
  return command
    .option("--data <directory>", "data directory ($MIDWATCH_DATA)")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)");
}

function dataOf(options: PlaceOptions, terminal: Terminal): string {
  return loadConfig(options, terminal.environment).values.data;
}

function signerOf(data: string): Signer {
  const signer = readKey(join(ledgerDirectory(data), "key"));
  if (signer === undefined) throw new CommandFailure("usage", `${data} holds no ledger yet`);
  return signer;
}
