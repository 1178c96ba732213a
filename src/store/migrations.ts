/**
 * Numbered migrations: plain SQL in files with a header that start-up reads. `-- breaking: yes`
 * means that the version before cannot run on the new schema; such a step is never taken unasked
 * on a store that holds data.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { Fault } from "../model/fault.ts";

export type Migration = {
  readonly number: number;
  readonly name: string;
  readonly about: string;
  readonly breaking: boolean;
  /** In order; a crash between two repeats the whole migration. */
  readonly statements: readonly string[];
  readonly sha256: string;
};

export type AppliedMigration = { readonly number: number; readonly sha256: string };

/** All migrations of a folder, lowest number first. */
export function readMigrations(folder: URL): readonly Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".sql"));
  return files.sort().map((file) => parseMigration(file, readFileSync(new URL(file, folder), "utf8")));
}

export function parseMigration(file: string, text: string): Migration {
  const header = /^-- migration: (\d{4})\n-- about: (.+)\n-- breaking: (yes|no)\n/.exec(text);
  if (!header || !file.startsWith(`${header[1]}_`)) {
    throw new Error(`${file} lacks the header "-- migration: NNNN", "-- about: …", "-- breaking: yes|no"`);
  }
  return {
    number: Number(header[1]),
    name: file,
    about: header[2] ?? "",
    breaking: header[3] === "yes",
    statements: text
      .split(/;[ \t]*\n/)
      .map((statement) => statement.trim())
      .filter((statement) => statement.replace(/--[^\n]*/g, "").trim() !== ""),
    sha256: createHash("sha256").update(text).digest("hex"),
  };
}

/**
 * What is still to do. Refuses a store that a newer Midwatch has written, one whose applied steps
 * were other ones, and a breaking step on a store in use.
 */
export function pendingMigrations(
  all: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] {
  const known = new Map(all.map((migration) => [migration.number, migration]));
  for (const { number, sha256 } of applied) {
    const migration = known.get(number);
    if (!migration) {
      throw refused(`it has migration ${number}, which this version does not know: use the newer Midwatch`);
    }
    if (migration.sha256 !== sha256) {
      throw refused(`migration ${migration.name} was another one when it was applied`);
    }
  }
  const done = new Set(applied.map(({ number }) => number));
  const pending = all.filter(({ number }) => !done.has(number));
  const breaking = applied.length > 0 ? pending.find((migration) => migration.breaking) : undefined;
  if (breaking) {
    throw refused(
      `migration ${breaking.name} (${breaking.about}) makes it unreadable to the version before: back it up and move to a new data directory`,
    );
  }
  return pending;
}

function refused(because: string): Fault {
  return new Fault("CONFIG_INVALID", `The store cannot be opened: ${because}`);
}
