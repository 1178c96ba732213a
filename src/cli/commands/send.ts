/** `midwatch send`: events from a file or from standard input, as NDJSON, to a server. */
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { IntakeReply } from "../../api/schemas.ts";
import { addServerOption, type Client, failureOf, makeClient, variable } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { wholeNumber } from "../numbers.ts";
import { printable } from "../printable.ts";
import { showCount } from "../show.ts";
import type { Environment } from "../terminal.ts";

/** A batch is sent when it has so many lines or bytes. */
const batchLinesMax = 10_000;
const batchBytesMax = 4 * 1024 * 1024;
/** Pauses between tries, from the first doubled up to the last, or as long as the server asks. */
const pauseMsMin = 500;
const pauseMsMax = 15_000;

const compress = promisify(gzip);

type SendOptions = {
  readonly server: string;
  readonly keyFile?: string;
  readonly source?: string;
  readonly tries: number;
  readonly json?: true;
};

export const addSend: AddCommand = (program, terminal) => {
  const command = program
    .command("send")
    .summary("send events from a file or standard input")
    .description(
      "Sends events, one a line as JSON, in batches. A batch is named by its content, so the same\n" +
        "file may be sent again after an interruption: what was taken before adds nothing.",
    )
    .argument("[file]", "the file; - or nothing reads standard input", "-")
    .option("--source <name>", "who sends; default: the name of the key")
    .option("--tries <count>", "how often a batch is tried", wholeNumber(1, 100), 8)
    .option("--json", "print the totals as one line of JSON");
  addServerOption(command, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch send events.ndjson --key-file /etc/midwatch/key\n" +
        "  zcat old.ndjson.gz | MIDWATCH_KEY=mwk_… midwatch send\n" +
        "\nExit code 4 when the key or some of the lines were refused.\n",
    )
    .action(async (file: string, options: SendOptions) => {
      if (file === "-" && terminal.inputIsTerminal)
        terminal.note("Reading events from the terminal; end with Ctrl-D.");
      const headers = {
        authorization: `Bearer ${keyOf(options, terminal.environment)}`,
        "content-type": "application/x-ndjson",
        "content-encoding": "gzip",
        ...(options.source !== undefined && { "midwatch-source": options.source }),
      };
      const client = makeClient(options, terminal);
      const totals = { accepted: 0, refused: 0, duplicates: 0 };
      let linesBefore = 0;
      for await (const batch of batches(file === "-" ? terminal.input : openFile(file))) {
        const reply = await sendBatch(client, headers, batch.body, options.tries, terminal.note);
        totals.accepted += reply.accepted;
        totals.refused += reply.refused;
        totals.duplicates += reply.duplicate ? 1 : 0;
        for (const { line, reason } of reply.refusals) {
          terminal.note(`line ${linesBefore + line}: ${printable(reason)}`);
        }
        linesBefore += batch.lines;
      }
      await terminal.write(options.json ? `${JSON.stringify(totals)}\n` : `${sentenceOf(totals)}\n`);
      if (totals.refused > 0) throw new CommandFailure("refused", "");
    });
};

type Totals = { readonly accepted: number; readonly refused: number; readonly duplicates: number };

function sentenceOf({ accepted, refused, duplicates }: Totals): string {
  const again =
    duplicates === 0
      ? ""
      : ` ${showCount(duplicates, "batch").replace("batchs", "batches")} had been taken before.`;
  return `${showCount(accepted, "event")} accepted, ${refused} refused.${again}`;
}

function keyOf({ keyFile }: SendOptions, environment: Environment): string {
  const file = keyFile ?? variable(environment, "MIDWATCH_KEY_FILE");
  if (file === undefined) {
    const key = variable(environment, "MIDWATCH_KEY");
    if (key !== undefined) return key.trim();
    throw new CommandFailure(
      "usage",
      "a key is needed: --key-file FILE or $MIDWATCH_KEY. `midwatch keys add NAME --scope send` makes one",
    );
  }
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new CommandFailure("usage", `the key file ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function openFile(file: string): Readable {
  const stream = createReadStream(file);
  stream.on("error", () => undefined); // The reader below gets it too.
  return stream;
}

type Batch = { readonly body: Uint8Array; readonly lines: number };

/** Cuts a stream into batches of whole lines. */
async function* batches(input: Readable): AsyncGenerator<Batch> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let lines = 0;
  const take = (): Batch => {
    const batch = { body: Buffer.concat(chunks), lines };
    [chunks, bytes, lines] = [[], 0, 0];
    return batch;
  };
  try {
    for await (const piece of input) {
      let chunk = Buffer.from(piece as Buffer);
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10)) {
        chunks.push(chunk.subarray(0, end + 1));
        bytes += end + 1;
        lines += 1;
        chunk = chunk.subarray(end + 1);
        if (lines >= batchLinesMax || bytes >= batchBytesMax) yield take();
      }
      chunks.push(chunk);
      bytes += chunk.length;
    }
  } catch (cause) {
    throw new CommandFailure("usage", `the events cannot be read: ${(cause as Error).message}`, { cause });
  }
  if (bytes > 0) yield take();
}

async function sendBatch(
  client: Client,
  headers: Readonly<Record<string, string>>,
  plain: Uint8Array,
  tries: number,
  note: (line: string) => void,
): Promise<IntakeReply> {
  const batch = createHash("sha256").update(plain).digest("hex").slice(0, 40);
  const body = new Uint8Array(await compress(plain));
  let pauseMs = pauseMsMin;
  for (let left = tries - 1; ; left--) {
    let failure: CommandFailure;
    let waitMs = pauseMs;
    try {
      const response = await client.request("/v1/events", {
        method: "POST",
        headers: { ...headers, "midwatch-batch": batch },
        body,
        signal: AbortSignal.timeout(120_000),
      });
      if (response.ok) return (await response.json()) as IntakeReply;
      waitMs = Number(response.headers.get("retry-after") ?? 0) * 1000 || pauseMs;
      failure = await failureOf(response);
    } catch (error) {
      failure =
        error instanceof CommandFailure
          ? error
          : new CommandFailure("unreachable", "the connection broke while sending", { cause: error });
    }
    if (failure.exit !== "unreachable" || left <= 0) throw failure;
    note(`${failure.message}; trying again in ${Math.round(waitMs / 1000)} s`);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}
