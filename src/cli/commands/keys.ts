/** `midwatch keys`: the keys of machines, in the data directory at hand or through a server. */
import { join } from "node:path";
import { type Command, Option } from "commander";
import { type MadeKey, makeKey, type NewKey, rotateKey, rotationDays } from "../../access/keyring.ts";
import { scopeNames } from "../../access/policy.ts";
import type { Enrolment } from "../../api/access-schemas.ts";
import { keyAnswer } from "../../api/answers.ts";
import type { Key, KeyList } from "../../api/schemas.ts";
import { openSqliteControl } from "../../store/control/sqlite.ts";
import type { ControlStore, KeyScope } from "../../store/store.ts";
import { addServerOption, makeClient, type ServerPlace, variable } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { loadConfig } from "../config.ts";
import { makeDataDirectory } from "../data-directory.ts";
import { openEncryption } from "../encryption.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { showTime } from "../show.ts";
import { type Cell, tableLines } from "../table.ts";
import type { Terminal } from "../terminal.ts";

type PlaceOptions = Partial<ServerPlace> & {
  readonly data?: string;
  readonly config?: string;
  readonly encryptionKeyFile?: string;
};
type AddOptions = PlaceOptions & {
  readonly scope: readonly KeyScope[];
  readonly expires?: number;
  readonly source?: string;
  readonly from?: readonly string[];
};
type ListOptions = PlaceOptions & { readonly json?: true };

/** Where keys are kept: the same three acts on a data directory and through a server. */
type KeyPlace = {
  readonly add: (wanted: NewKey) => Promise<MadeKey>;
  readonly rotate: (id: string, days: number) => Promise<MadeKey | undefined>;
  readonly list: () => Promise<readonly Key[]>;
  readonly revoke: (id: string) => Promise<boolean>;
};

export const addKeys: AddCommand = (program, terminal) => {
  const keys = program
    .command("keys")
    .summary("make, list and revoke the keys of machines")
    .description(
      "Makes, lists and revokes the keys with which machines send. Works on the data directory of\n" +
        "this host, whether its server runs or not; with --server it asks that server.",
    )
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch keys add web-1 --scope send > /etc/midwatch/key\n" +
        "  midwatch keys list\n" +
        "  midwatch keys revoke 4fYk0aQz1B\n",
    );

  placed(keys.command("add"), terminal)
    .summary("make a key; it is printed this once")
    .description("Makes a key and prints it, this once. Only a hash of it is kept.")
    .argument("<name>", "what the key is for, such as the host's name")
    .addOption(new Option("--scope <scope...>", "what it may do").choices(scopeNames).default(["send"]))
    .option("--expires <days>", "how long it is good", wholeNumber(1, 3650))
    .option("--source <name>", "the only name it may send under")
    .option("--from <network...>", "the only addresses and networks it is good from, such as 10.1.0.0/16")
    .action(async (name: string, options: AddOptions) => {
      if (name.length > 100) throw new CommandFailure("usage", "a key's name has at most 100 characters");
      const { id, key } = await inPlace(options, terminal, (place) =>
        place.add({
          name,
          scopes: [...options.scope],
          ...(options.expires !== undefined && { expiresInDays: options.expires }),
          ...(options.source !== undefined && { source: options.source }),
          ...(options.from && { addresses: options.from }),
        }),
      );
      terminal.note(`Made the key ${id} (${options.scope.join(", ")}). It is shown this once:`);
      await terminal.write(`${key}\n`);
    });

  addServerOption(keys.command("invite"), terminal)
    .summary("make a token with which a host gets its key")
    .description(
      "Makes a token that is good once, for an hour: `midwatch enrol` on the host gets a key for it.",
    )
    .argument("<host>", "name of the host; its key sends under this name and no other")
    .action(async (host: string, place: ServerPlace) => {
      const { token } = await makeClient(place, terminal).send<Enrolment>("POST", "/api/v1/enrolments", {
        host,
      });
      terminal.note("It is good once, for an hour, and shown this once:");
      await terminal.write(`${token}\n`);
    });

  placed(keys.command("rotate"), terminal)
    .summary("make a key in the place of another one")
    .description(
      "Makes a key like another one and prints it, this once. The old one stays good for some days, so\n" +
        "that its host can change over without a gap.",
    )
    .argument("<id>", "of the old key, as `keys list` prints it")
    .option("--days <days>", "how long the old one stays good", wholeNumber(0, 90), rotationDays)
    .action(async (id: string, { days, ...options }: PlaceOptions & { readonly days: number }) => {
      const made = await inPlace(options, terminal, (place) => place.rotate(id, days));
      if (!made) throw new CommandFailure("nothing", `there is no key ${id} that is good`);
      terminal.note(`Made the key ${made.id}; ${id} stays good for ${days} days. It is shown this once:`);
      await terminal.write(`${made.key}\n`);
    });

  placed(keys.command("list"), terminal)
    .summary("list all keys")
    .description("Lists all keys, revoked and expired ones included.")
    .option("--json", "print each key as one line of JSON")
    .action(async (options: ListOptions) => {
      const rows = await inPlace(options, terminal, (place) => place.list());
      if (rows.length === 0) throw new CommandFailure("nothing", options.json ? "" : "there is no key yet");
      const lines = options.json
        ? rows.map((key) => JSON.stringify(key))
        : tableLines(
            heads,
            rows.map((key) => keyCells(key, terminal.clock())),
            inkOf(terminal),
          );
      await terminal.write(`${lines.join("\n")}\n`);
    });

  placed(keys.command("revoke"), terminal)
    .summary("revoke a key")
    .description("Revokes a key: at once through a server, within two seconds through the data directory.")
    .argument("<id>", "its id, as `keys list` prints it")
    .action(async (id: string, options: PlaceOptions) => {
      const revoked = await inPlace(options, terminal, (place) => place.revoke(id));
      if (!revoked) throw new CommandFailure("nothing", `there is no key ${id} that is not revoked already`);
      terminal.note(`Revoked the key ${id}.`);
    });
};

function placed(command: Command, { environment }: Terminal): Command {
  const server = new Option(
    "--server <url>",
    "ask this server ($MIDWATCH_SERVER); default: the data directory",
  );
  const given = variable(environment, "MIDWATCH_SERVER");
  return command
    .addOption(given === undefined ? server : server.default(given))
    .option("--key-file <file>", "file that holds a key with the scope `admin`; with --server only")
    .option("--data <directory>", "the data directory ($MIDWATCH_DATA)")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--encryption-key-file <file>", "key of an encrypted directory ($MIDWATCH_ENCRYPTION_KEY_FILE)");
}

async function inPlace<T>(
  { server, keyFile, ...flags }: PlaceOptions,
  terminal: Terminal,
  act: (place: KeyPlace) => Promise<T>,
): Promise<T> {
  if (server !== undefined && flags.data === undefined)
    return await act(throughServer({ server, ...(keyFile !== undefined && { keyFile }) }, terminal));
  const { values } = loadConfig(flags, terminal.environment);
  makeDataDirectory(values.data);
  const encryption = await openEncryption(values, terminal.randomBytes);
  const control = openSqliteControl(join(values.data, "control.db"), encryption?.control);
  try {
    return await act(inDirectory(control, terminal));
  } finally {
    await control.close();
  }
}

function throughServer(place: ServerPlace, terminal: Terminal): KeyPlace {
  const client = makeClient(place, terminal);
  return {
    add: async (wanted) => await client.send("POST", "/api/v1/keys", wanted),
    rotate: async (id, days) =>
      await foundOrNot(
        client.send<MadeKey>("POST", `/api/v1/keys/${encodeURIComponent(id)}/rotate`, { days }),
      ),
    list: async () => (await client.get<KeyList>("/api/v1/keys")).rows,
    revoke: async (id) => {
      try {
        await client.send("DELETE", `/api/v1/keys/${encodeURIComponent(id)}`);
        return true;
      } catch (error) {
        if (error instanceof CommandFailure && error.exit === "nothing") return false;
        throw error;
      }
    },
  };
}

async function foundOrNot<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CommandFailure && error.exit === "nothing") return undefined;
    throw error;
  }
}

function inDirectory(control: ControlStore, terminal: Terminal): KeyPlace {
  return {
    add: async (wanted) => await makeKey(control, wanted, terminal),
    rotate: async (id, days) => await rotateKey(control, id, days, terminal),
    list: async () => (await control.keys()).map(keyAnswer),
    revoke: async (id) => await control.revokeKey(id, Math.floor(terminal.clock())),
  };
}

const heads: readonly Cell[] = ["ID", "STATE", "NAME", "SCOPES", "BOUND TO", "MADE", "LAST USED"].map(
  (text) => ({
    text,
  }),
);

function keyCells(key: Key, nowMs: number): readonly Cell[] {
  const expired = key.expiresTime !== undefined && Date.parse(key.expiresTime) <= nowMs;
  const state = key.revokedTime !== undefined ? "revoked" : expired ? "expired" : "good";
  return [
    { text: key.id },
    { text: state, ...(state !== "good" && { color: "faint" as const }) },
    { text: printable(key.name) },
    { text: key.scopes.join(", ") },
    { text: printable([...(key.source ? [key.source] : []), ...(key.addresses ?? [])].join(", ")) || "-" },
    { text: showTime(key.createdTime) },
    { text: showTime(key.lastUsedTime) },
  ];
}
