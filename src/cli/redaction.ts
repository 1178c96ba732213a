/**
 * Where the server's redaction finds its keys and the rules of the user: a keyring in the data
 * directory, made at the first start, and a file that the configuration names.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createKeyring, formatKeyring, type Keyring, parseKeyring } from "../redact/keyring.ts";
import { type CompiledRules, compileRules } from "../redact/rules.ts";
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

/** The rules in force for who wants to try them: without keys, since a token tells whether a guess is right. */
export function triedRules(first: RedactionSetup): {
  readonly change: (changed: RedactionSetup) => void;
  readonly rules: () => CompiledRules;
} {
  let setup = first;
  let compiled: CompiledRules | undefined;
  return {
    change: (changed) => {
      setup = changed;
      compiled = undefined;
    },
    rules: () => (compiled ??= compileRules({ user: parseUserRules(setup.rules) })),
  };
}

const lookMsDefault = 1000;

export type WatchRedaction = {
  readonly data: string;
  readonly rulesFile: string;
  readonly onChange: (changed: RedactionSetup) => void;
  /** Told what is wrong with a file that has changed; the rules before it stay in force. */
  readonly report: (severity: "info" | "error", message: string) => void;
  readonly lookMs?: number;
};

/** Takes up other keys and rules within a second, without a restart. */
export function watchRedaction(watch: WatchRedaction): { readonly close: () => void } {
  const { data, rulesFile, onChange, report, lookMs = lookMsDefault } = watch;
  const read = (): RedactionSetup => ({
    keyring: readText(keyringPath(data)),
    rules: rulesFile === "" ? "" : readText(rulesFile),
  });
  let known = read();
  let complaint = "";
  const look = (): void => {
    try {
      const found = read();
      if (found.keyring === known.keyring && found.rules === known.rules) return;
      known = found;
      const keyring = formatKeyring(parseKeyring(found.keyring));
      if (found.rules !== "") parseUserRules(found.rules);
      onChange({ keyring, rules: found.rules });
      report("info", "redaction: changed keys or rules are in force");
      complaint = "";
    } catch (error) {
      const { message } = error as Error;
      if (message !== complaint) report("error", `redaction: as before, for the change is wrong: ${message}`);
      complaint = message;
    }
  };
  const timer = setInterval(look, lookMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
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
