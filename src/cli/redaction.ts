/**
 * Where the server's redaction finds its keys and the rules of the user: a keyring in the data
 * directory, made at the first start, and a file that the configuration names.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyring, formatKeyring, type Keyring, parseKeyring } from "../redact/keyring.ts";
import { type RedactionSums, summaryFields } from "../redact/summary.ts";
import { parseUserRules, type UserRules } from "../redact/user-rules.ts";
import { CommandFailure } from "./exit.ts";
import type { OwnEvents } from "./own-events.ts";

/** Texts, since they travel to the thread that encodes batches. */
export type RedactionSetup = { readonly keyring: string; readonly rules: string };

function keyringPath(data: string): string {
  return join(data, "redaction-keys.json");
}

/** Throws a `Fault` or `CommandFailure` that says what is wrong with either file. */
export function loadRedaction(
  data: string,
  rulesFile: string,
  randomBytes: (count: number) => Uint8Array,
): RedactionSetup {
  if (!existsSync(keyringPath(data))) saveKeyring(data, createKeyring(randomBytes));
  const keyring = formatKeyring(loadKeyring(data));
  const rules = rulesFile === "" ? "" : readText(rulesFile);
  if (rules !== "") parseUserRules(rules);
  return { keyring, rules };
}

export function loadKeyring(data: string): Keyring {
  return parseKeyring(readText(keyringPath(data)));
}

/** Replaces the file as a whole, readable by its owner alone. */
export function saveKeyring(data: string, keyring: Keyring): void {
  const path = keyringPath(data);
  writeFileSync(`${path}.new`, formatKeyring(keyring), { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

export function loadUserRules(file: string): UserRules {
  return parseUserRules(readText(file));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFailure("usage", `${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

const summaryMs = 60_000;

/** Records what was redacted, once a minute and at the end. */
export function startRedactionSummaries(
  sums: RedactionSums,
  events: OwnEvents,
): { readonly close: () => void } {
  const record = (): void => {
    for (const sum of sums.take()) events.record("redaction.summary", summaryFields(sum));
  };
  const timer = setInterval(record, summaryMs);
  timer.unref();
  return {
    close: () => {
      clearInterval(timer);
      record();
    },
  };
}
