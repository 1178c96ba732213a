/**
 * The ledger of a data directory for a command that only reads: through the engine of the server
 * that has the directory, or, if none has, through an engine of our own.
 */

import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CanonicalSource } from "../seal/bundle.ts";
import type { SegmentEntry } from "../seal/entries.ts";
import { folderSource } from "../seal/head.ts";
import { journalSegments } from "../seal/journal.ts";
import type { TileSource } from "../seal/tiles.ts";
import { startEngine } from "../store/engine/supervisor.ts";
import { engineBytes, storedOrWaiting } from "../store/segment-rows.ts";
import { holdDataDirectory } from "./data-directory.ts";
import { openEncryption } from "./encryption.ts";
import { CommandFailure } from "./exit.ts";
import { ledgerDirectory } from "./ledger.ts";
import type { Terminal } from "./terminal.ts";

export type LedgerData = {
  readonly source: TileSource;
  readonly events: CanonicalSource;
  /** Segments that are journalled and not signed yet. Read after everything else. */
  readonly unsigned: () => readonly SegmentEntry[];
  /** Of a directory in which a server works. */
  readonly settle?: () => Promise<void>;
  readonly release: () => Promise<void>;
};

/** A batch is on disk for a moment, longer on a busy machine, before the ledger has its segments. */
export const settled = (): Promise<void> => sleep(2000);

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const tell = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => tell(true));
    socket.on("error", () => tell(false));
  });
}

type Place = Parameters<typeof openEncryption>[0];

export async function openLedgerData(
  place: Place,
  { pid, randomBytes }: Pick<Terminal, "pid" | "randomBytes">,
): Promise<LedgerData> {
  const { data } = place;
  const directory = ledgerDirectory(data);
  if (!existsSync(join(directory, "checkpoint"))) {
    throw new CommandFailure(
      "usage",
      `${data} holds no ledger: there is no ${join(directory, "checkpoint")}`,
    );
  }
  const encryption = await openEncryption(place, randomBytes);
  const engineDirectory = join(data, "engine");
  const running = join(engineDirectory, "engine.sock");
  const reader = (socketPath: string): CanonicalSource =>
    storedOrWaiting(engineBytes(socketPath), { directory: join(data, "spool"), cipher: encryption?.spool });
  const parts = {
    source: folderSource(directory),
    unsigned: () => journalSegments(join(directory, "journal")),
  };
  if (await answers(running))
    return { ...parts, events: reader(running), settle: settled, release: async () => {} };
  const held = holdDataDirectory(data, pid);
  try {
    const engine = await startEngine({ directory: engineDirectory, keys: encryption?.engine });
    const release = async (): Promise<void> => {
      await engine.close();
      held.release();
    };
    return { ...parts, events: reader(engine.socketPath), release };
  } catch (error) {
    held.release();
    throw error;
  }
}
