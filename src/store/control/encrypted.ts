/**
 * A control database whose texts are encrypted on their way in and decrypted on their way out, so
 * that no statement and no caller knows. Numbers, ids that we make, and states stay as they are:
 * statements compare and sort them. Texts that are only compared for equality still can be.
 */
import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";
import type { TextCipher } from "../encryption/ciphers.ts";

type Values = Record<string, SQLInputValue>;
type Row = Record<string, SQLOutputValue>;

/** What the control store uses of a prepared statement. */
export type Statement = {
  readonly run: (values?: Values) => { readonly changes: number | bigint };
  readonly get: (values?: Values) => Row | undefined;
  readonly all: (values?: Values) => Row[];
};

export type Database = { readonly prepare: (sql: string) => Statement };

/** Parameters that stay readable. Whatever else is text is encrypted, so that a new column is, too. */
const readable: ReadonlySet<string> = new Set(["id", "incident_id", "person_id", "kept_id", "state"]);

/** Without a cipher: the database as it is. */
export function withCipher(database: DatabaseSync, cipher: TextCipher | undefined): Database {
  if (cipher === undefined) return { prepare: (sql) => plainStatement(database, sql) };
  const encrypted = (values: Values): Values =>
    mapTexts(values, (name, text) => (readable.has(name) ? text : cipher.encrypt(text)));
  const decrypted = (row: Row): Row => mapTexts(row, (_, text) => cipher.decrypt(text));
  return {
    prepare: (sql) => {
      const { run, get, all } = plainStatement(database, sql);
      return {
        run: (values = {}) => run(encrypted(values)),
        get: (values = {}) => {
          const row = get(encrypted(values));
          return row && decrypted(row);
        },
        all: (values = {}) => all(encrypted(values)).map(decrypted),
      };
    },
  };
}

function plainStatement(database: DatabaseSync, sql: string): Statement {
  const statement = database.prepare(sql);
  return {
    run: (values = {}) => statement.run(values),
    get: (values = {}) => statement.get(values),
    all: (values = {}) => statement.all(values),
  };
}

function mapTexts<T>(
  values: Record<string, T>,
  change: (name: string, text: string) => string,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a text stays one
      typeof value === "string" ? (change(name, value) as T) : value,
    ]),
  );
}
