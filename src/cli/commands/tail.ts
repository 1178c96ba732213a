/** `midwatch tail`: events as they arrive. */
import type { TailSkipped } from "../../api/schemas.ts";
import type { StoredEvent } from "../../store/store.ts";
import { addServerOption, type Client, failureOf, makeClient, type Query } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import { inkOf } from "../ink.ts";
import { type Message, messages } from "../server-sent.ts";
import { eventLine, showCount } from "../show.ts";
import { addFilterOptions, type FilterOptions, filterQuery } from "./filters.ts";

/** After a lost connection, from the first pause doubled up to the last. */
const pauseMsMin = 500;
const pauseMsMax = 15_000;

type TailOptions = FilterOptions & { readonly server: string; readonly json?: true };

export const addTail: AddCommand = (program, terminal) => {
  const command = program
    .command("tail")
    .summary("follow events as they arrive")
    .description(
      "Follows events as they arrive, until interrupted. Goes on where it was when the server comes back.",
    )
    .argument("[query...]", "as for search");
  addFilterOptions(command).option("--json", "print each event as one line of JSON");
  addServerOption(command, terminal)
    .addHelpText(
      "after",
      "\nExamples:\n  midwatch tail --severity warn\n  midwatch tail job:MailJob --json\n",
    )
    .action(async (words: string[], options: TailOptions) => {
      const ink = inkOf(terminal);
      const stop = new AbortController();
      terminal.onSignal(() => stop.abort());
      const show = async ({ event, data }: Message): Promise<void> => {
        if (event === "skipped") {
          const { count } = JSON.parse(data) as TailSkipped;
          terminal.note(`Skipped ${showCount(count, "event")}: they came faster than they can be shown.`);
        }
        if (event !== "event") return;
        const events = JSON.parse(data) as readonly StoredEvent[];
        const lines = events.map((one) => (options.json ? JSON.stringify(one) : eventLine(one, ink)));
        await terminal.write(`${lines.join("\n")}\n`);
      };
      await follow(
        makeClient(options, terminal),
        filterQuery(words, options),
        stop.signal,
        show,
        terminal.note,
      );
    });
};

/** The first connection must succeed; later ones are tried again until the signal. */
async function follow(
  client: Client,
  query: Query,
  signal: AbortSignal,
  show: (message: Message) => Promise<void>,
  note: (line: string) => void,
): Promise<void> {
  let last: string | undefined;
  let connected = false;
  let pauseMs = pauseMsMin;
  while (!signal.aborted) {
    try {
      const headers = last === undefined ? {} : { "last-event-id": last };
      const response = await client.request("/api/v1/tail", { query, signal, headers });
      if (!response.ok || !response.body) throw await failureOf(response);
      if (connected) note("Connected again.");
      connected = true;
      pauseMs = pauseMsMin;
      for await (const message of messages(response.body)) {
        last = message.id ?? last;
        await show(message);
      }
      note("The server ended the connection; trying again.");
    } catch (error) {
      if (signal.aborted) return;
      const mayPass =
        error instanceof CommandFailure ? error.exit === "unreachable" : error instanceof TypeError;
      if (!connected || !mayPass) throw error;
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, pauseMsMax);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
