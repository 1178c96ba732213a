/** `midwatch enrol`: a host gets its key by a token that is good once. */
import { chmodSync, closeSync, openSync, writeSync } from "node:fs";
import type { MadeKey } from "../../access/keyring.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";

type EnrolOptions = ServerPlace & { readonly into: string; readonly bound?: true };

export const addEnrol: AddCommand = (program, terminal) => {
  addServerOption(program.command("enrol"), terminal)
    .summary("get this host's key by a token that is good once")
    .description(
      "Takes the key that a token is good for and writes it to a file for its owner alone. The key may\n" +
        "send, under the host's name and no other. `midwatch keys invite HOST` makes the token.",
    )
    .argument("<token>", "as `keys invite` printed it; - reads it from standard input")
    .requiredOption("--into <file>", "file that gets the key; it must not be there yet")
    .option("--bound", "let the key be good from the address of this host only")
    .addHelpText("after", "\nExample:\n  midwatch enrol - --into /etc/midwatch/agent.key < token\n")
    .action(async (given: string, { into, bound, ...place }: EnrolOptions) => {
      const token = given === "-" ? await firstLine(terminal.input) : given;
      // First the file, then the token: a token that is used up for nothing would be lost.
      const file = openNew(into);
      try {
        const body = { token, ...(bound && { bound }) };
        const { id, key } = await makeClient(place, terminal).send<MadeKey>(
          "POST",
          "/api/v1/enrolments/use",
          body,
        );
        writeSync(file, `${key}\n`);
        chmodSync(into, 0o600);
        terminal.note(`The key ${id} is in ${into}.`);
      } finally {
        closeSync(file);
      }
    });
};

function openNew(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (cause) {
    throw new CommandFailure("usage", `${path} cannot be made: ${(cause as Error).message}`, { cause });
  }
}

async function firstLine(input: AsyncIterable<unknown>): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += String(chunk);
    if (text.includes("\n") || text.length > 1000) break;
  }
  return text.trim();
}
