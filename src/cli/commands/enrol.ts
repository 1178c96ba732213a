/** `midwatch enrol`: a host gets its key by a token that is good once. */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { Enrolled } from "../../api/access-schemas.ts";
import { keyBeside } from "../agent-authority.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";

type EnrolOptions = ServerPlace & {
  readonly into: string;
  readonly certificate?: string;
  readonly bound?: true;
};

export const addEnrol: AddCommand = (program, terminal) => {
  addServerOption(program.command("enrol"), terminal)
    .summary("get this host's key by a token that is good once")
    .description(
      "Takes the key that a token is good for and writes it to a file for its owner alone. The key may\n" +
        "send, under the host's name and no other. `midwatch keys invite HOST` makes the token.",
    )
    .argument("<token>", "as `keys invite` printed it; - reads it from standard input")
    .requiredOption("--into <file>", "file that gets the key; it must not be there yet")
    .option(
      "--certificate <file>",
      "get a certificate as well; its private key is made here, beside it with -key before the ending",
    )
    .option("--bound", "let the key be good from the address of this host only")
    .addHelpText("after", "\nExample:\n  midwatch enrol - --into /etc/midwatch/agent.key < token\n")
    .action(async (given: string, { into, certificate, bound, ...place }: EnrolOptions) => {
      const token = given === "-" ? await firstLine(terminal.input) : given;
      // First the files, then the token: a token that is used up for nothing would be lost.
      const files = [into, ...(certificate === undefined ? [] : [certificate, keyBeside(certificate)])];
      const opened = openAll(files);
      let isDone = false;
      try {
        const wish = certificate === undefined ? undefined : await certificateWish();
        const body = { token, ...(bound && { bound }), ...(wish && { request: wish.requestPem }) };
        const client = makeClient(place, terminal);
        const enrolled = await client.send<Enrolled>("POST", "/api/v1/enrolments/use", body);
        isDone = true;
        const texts = [`${enrolled.key}\n`, enrolled.certificate ?? "", wish?.keyPem ?? ""];
        for (const [index, file] of opened.entries()) writeSync(file, texts[index] ?? "");
        terminal.note(`The key ${enrolled.id} is in ${into}.`);
        if (certificate !== undefined) {
          terminal.note(
            `The certificate is in ${certificate}, its private key in ${keyBeside(certificate)}.`,
          );
        }
      } finally {
        for (const file of opened) closeSync(file);
        if (!isDone) for (const path of files) rmSync(path, { force: true });
      }
    });
};

async function certificateWish() {
  const { makeCertificateRequest } = await import("../../access/certificate.ts");
  return await makeCertificateRequest();
}

/** Leaves none of them where one cannot be made. */
function openAll(paths: readonly string[]): readonly number[] {
  const opened: number[] = [];
  try {
    for (const path of paths) opened.push(openNew(path));
    return opened;
  } catch (error) {
    for (const [index, file] of opened.entries()) {
      closeSync(file);
      rmSync(paths[index] ?? "", { force: true });
    }
    throw error;
  }
}

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
