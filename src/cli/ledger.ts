/**
 * The server's ledger: opened with its key before anything is taken in, brought up to what waits in
 * the spool, and signed every few seconds.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import { parseEntry } from "../seal/entries.ts";
import { readKey, writeKey } from "../seal/key.ts";
import { Ledger, type LedgerOptions } from "../seal/ledger.ts";
import { formatVerifier, type Signer } from "../seal/note.ts";
import { unpackSeal } from "../seal/sealer.ts";
import type { Spool } from "../store/spool.ts";

/** Something new is signed after so long; the promise is 10 s. */
const publishEveryMs = 5000;

export type LedgerParts = {
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly hostname: string;
};

export const ledgerDirectory = (data: string): string => join(data, "ledger");

/** `memory`: where the last signature is remembered a second time; empty for the data directory. */
export function ledgerOptions(data: string, memory: string, signer: Signer, now: Clock): LedgerOptions {
  return { directory: ledgerDirectory(data), memoryPath: memory || join(data, "ledger.head"), signer, now };
}

/** Opens the ledger of a data directory; a new one gets a key of its own. Throws `LEDGER_INCONSISTENT`. */
export function openLedger(
  data: string,
  memory: string,
  { clock, randomBytes, hostname }: LedgerParts,
): Ledger {
  const directory = ledgerDirectory(data);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "key");
  const name = (): string => `${hostname}/midwatch/${Buffer.from(randomBytes(4)).toString("hex")}`;
  const signer = readKey(path) ?? writeKey(path, name(), randomBytes(32));
  return new Ledger(ledgerOptions(data, memory, signer, clock));
}

/** Appends the seals of batches that were on disk when a crash came; those that are there are passed over. */
export function takeUpSeals(ledger: Ledger, spool: Pick<Spool, "waiting">): void {
  const segments = spool.waiting().flatMap(({ receipt, path }) => {
    if (receipt.seal === undefined) throw new Fault("LEDGER_INCONSISTENT", `The batch ${path} has no seal`);
    return unpackSeal(new Uint8Array(Buffer.from(receipt.seal, "base64")));
  });
  const numberOf = ({ entry }: { readonly entry: Uint8Array }): number => {
    const parsed = parseEntry(entry);
    return parsed?.type === "segment" ? parsed.number : 0;
  };
  for (const segment of segments.toSorted((a, b) => numberOf(a) - numberOf(b))) ledger.appendSegment(segment);
}

export type RunningLedger = { readonly verifier: string; readonly close: () => Promise<void> };

/** States that the server began to run, and signs what comes from now on. `report` is told of a refusal once. */
export async function startLedger(
  ledger: Ledger,
  clock: Clock,
  report: (message: string) => void,
): Promise<RunningLedger> {
  ledger.appendStatement({ type: "start", atMicros: Math.floor(clock() * 1000) });
  await ledger.publish();
  let lastRefusal = "";
  const publish = async (): Promise<void> => {
    try {
      await ledger.publish();
      lastRefusal = "";
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== lastRefusal) report(message);
      lastRefusal = message;
    }
  };
  const timer = setInterval(() => {
    ledger.beat();
    void publish();
  }, publishEveryMs);
  return {
    verifier: formatVerifier(ledger.options.signer),
    close: async () => {
      clearInterval(timer);
      await ledger.close();
    },
  };
}
