/** `midwatch encryption`: what can be done about the key of an encrypted data directory. */
import type { AddCommand } from "../command-line.ts";
import { type Flags, loadConfig } from "../config.ts";
import { changeMasterKey } from "../encryption.ts";

export const addEncryption: AddCommand = (program, terminal) => {
  const encryption = program
    .command("encryption")
    .summary("the key of an encrypted data directory")
    .description("Works on the key under which this host's data directory is encrypted.");

  encryption
    .command("change-key")
    .summary("encrypt the data directory under another key from now on")
    .description(
      "Encrypts the key of the data under another key of yours; what is stored stays as it is. From then\n" +
        "on the old key opens nothing but copies that were made before. A server that runs goes on, and\n" +
        "wants the new key at its next start.",
    )
    .requiredOption("--new-key-file <file>", "file with the key from now on")
    .option("--encryption-key-file <file>", "file with the key until now ($MIDWATCH_ENCRYPTION_KEY_FILE)")
    .option("--data <directory>", "data directory ($MIDWATCH_DATA)")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .addHelpText(
      "after",
      "\nExample:\n" +
        "  (umask 077; openssl rand -hex 32 > /etc/midwatch/new.key)\n" +
        "  midwatch encryption change-key --encryption-key-file /etc/midwatch/data.key \\\n" +
        "    --new-key-file /etc/midwatch/new.key\n",
    )
    .action(async ({ newKeyFile, ...flags }: Flags & { readonly newKeyFile: string }) => {
      const { values } = loadConfig(flags, terminal.environment);
      await changeMasterKey(values, newKeyFile, terminal.randomBytes);
      await terminal.write(`${values.data} opens with the key in ${newKeyFile} from its next start on.\n`);
    });
};
