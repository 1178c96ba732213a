/**
 * `midwatch redact keys`: the keys behind tokens and fingerprints. A running server takes a change up
 * within a second.
 */
import { Argument, type Command } from "commander";
import {
  destroyKey,
  type KeyedName,
  type Keyring,
  keyedNames,
  rotateKey,
  shareKeyring,
} from "../../redact/keyring.ts";
import { loadConfig } from "../config.ts";
import { wholeNumber } from "../numbers.ts";
import { loadKeyring, saveKeyring } from "../redaction.ts";
import type { Terminal } from "../terminal.ts";

export type DataOptions = { readonly config?: string; readonly data?: string };

export function addDataOptions(command: Command): Command {
  return command
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--data <directory>", "directory that holds everything ($MIDWATCH_DATA)");
}

export function keyedArgument(): Argument {
  return new Argument("<class>", "what kind of value").choices(keyedNames);
}

export function addRedactKeys(redact: Command, terminal: Terminal): void {
  const keys = redact
    .command("keys")
    .summary("the keys behind tokens and fingerprints")
    .description("Lists, rotates, shares and destroys the keys of tokens and fingerprints.");
  const dataOf = (options: DataOptions): string => loadConfig(options, terminal.environment).values.data;
  const change = async (name: KeyedName, options: DataOptions, make: (keyring: Keyring) => Keyring) => {
    const data = dataOf(options);
    const changed = make(loadKeyring(data));
    saveKeyring(data, changed);
    await terminal.write(`${name}: ${versionsOf(changed, name)}\n`);
  };

  addDataOptions(keys.command("list").summary("print the versions of each key"))
    .description("Prints the versions of each key; the newest makes new tokens.")
    .action(async (options: DataOptions) => {
      const keyring = loadKeyring(dataOf(options));
      await terminal.write(keyedNames.map((name) => `${name}: ${versionsOf(keyring, name)}\n`).join(""));
    });

  addDataOptions(keys.command("rotate").summary("make a new version of a key"))
    .description(
      "Makes a new version of the key of one class, which new tokens use from now on. Tokens of older\n" +
        "versions can still be looked up.",
    )
    .addArgument(keyedArgument())
    .addHelpText("after", "\nExample:\n  midwatch redact keys rotate email\n")
    .action((name: KeyedName, options: DataOptions) =>
      change(name, options, (keyring) => rotateKey(keyring, name, terminal.randomBytes)),
    );

  addDataOptions(keys.command("destroy").summary("destroy an old version of a key"))
    .description(
      "Destroys an old version for good: nobody can tell any more whom its tokens stand for. Copies of the\n" +
        "data directory still hold it.",
    )
    .addArgument(keyedArgument())
    .argument("<version>", "the version", wholeNumber(1, 1_000_000))
    .addHelpText("after", "\nExample:\n  midwatch redact keys destroy email 1\n")
    .action((name: KeyedName, version: number, options: DataOptions) =>
      change(name, options, (keyring) => destroyKey(keyring, name, version)),
    );

  addDataOptions(keys.command("share").summary("make keys that recorders have as well"))
    .description(
      "Makes a new version of every key from one secret and prints the secret. With it as\n" +
        "MIDWATCH_DIGEST_KEY recorders leave the same marks as the server, so that one person is one group\n" +
        "wherever it was redacted. Whoever holds the secret can try values until one fits.",
    )
    .addHelpText("after", "\nExample:\n  midwatch redact keys share > /etc/midwatch/digest.key\n")
    .action(async (options: DataOptions) => {
      const data = dataOf(options);
      const { keyring, secret } = shareKeyring(loadKeyring(data), terminal.randomBytes);
      saveKeyring(data, keyring);
      await terminal.write(`${secret}\n`);
    });
}

function versionsOf(keyring: Keyring, name: KeyedName): string {
  return `version ${keyring[name].map(({ version }) => version).join(", ")}`;
}
