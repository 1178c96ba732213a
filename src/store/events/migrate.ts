/** Brings the event store's schema up to date. */

import type { EngineClient } from "../engine/client.ts";
import { type AppliedMigration, pendingMigrations, readMigrations } from "../migrations.ts";
import { question } from "./question.ts";

const migrations = readMigrations(new URL("migrations/", import.meta.url));
const createMigrations = question("createMigrations");
const appliedMigrations = question("appliedMigrations");
const noteMigration = question("noteMigration");

export async function migrateEvents(client: EngineClient): Promise<void> {
  await client.run(createMigrations(), "maintenance");
  const rows = await client.rows<AppliedMigration>(appliedMigrations(), {});
  for (const { number, name, sha256, statements } of pendingMigrations(migrations, rows)) {
    for (const statement of statements) await client.run(ifNotExists(statement), "maintenance");
    await client.run(noteMigration(), "maintenance", { number, name, sha256 });
  }
}

/** The engine has no transactions around definitions: a step cut short by a crash is repeated. */
function ifNotExists(statement: string): string {
  return statement.replace(
    /^((?:--[^\n]*\n|\s)*CREATE (?:TABLE|MATERIALIZED VIEW)) (?!IF NOT EXISTS)/,
    "$1 IF NOT EXISTS ",
  );
}
