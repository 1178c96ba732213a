/** How client commands talk to the server: one request, one answer, and every failure an exit code. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import { isLoopbackHost } from "../api/guard.ts";
import type { ErrorAnswer } from "../api/schemas.ts";
import { CommandFailure, type ExitName } from "./exit.ts";
import { readOwnerKey } from "./owner-key.ts";
import type { Environment, Terminal } from "./terminal.ts";
import { trustServer } from "./trust.ts";

const serverDefault = "http://127.0.0.1:4180";
/** A question may wait for the engine, not for ever. */
const answerMsMax = 60_000;

/** Adds `--server` with its variable and default, and `--key-file`. */
export function addServerOption(command: Command, { environment }: Pick<Terminal, "environment">): Command {
  return command
    .addOption(
      new Option("--server <url>", "address of the server ($MIDWATCH_SERVER)").default(
        environment["MIDWATCH_SERVER"] || serverDefault,
        serverDefault,
      ),
    )
    .option(
      "--key-file <file>",
      "file that holds a key ($MIDWATCH_KEY holds one itself); default: the key of this host's data directory",
    );
}

/** As the options above give it. */
export type ServerPlace = { readonly server: string; readonly keyFile?: string };

export type Query = { readonly [name: string]: string | number | readonly string[] | undefined };

type Asking = Omit<RequestInit, "headers"> & {
  readonly query?: Query;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Client = {
  readonly get: <Answer>(path: string, query?: Query) => Promise<Answer>;
  readonly send: <Answer>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown) => Promise<Answer>;
  /** The answer as it comes, whatever its status. */
  readonly request: (path: string, init: Asking) => Promise<Response>;
};

/** Who calls is known by `$MIDWATCH_KEY`, else `--key-file`, else the owner's key of the data directory. */
export function makeClient(
  { server, keyFile }: ServerPlace,
  { environment }: Pick<Terminal, "environment">,
): Client {
  const base = serverAddress(server);
  const key = keyOf(base, keyFile, environment);
  let trusted: Promise<void> | undefined;

  const request: Client["request"] = async (path, { query = {}, headers, ...init }) => {
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? (value as string[]) : [value]) {
        if (one !== undefined) url.searchParams.append(name, String(one));
      }
    }
    try {
      trusted ??= trustServer(base, environment);
      await trusted;
      return await fetch(url, {
        redirect: "error",
        ...init,
        headers: { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...headers },
      });
    } catch (cause) {
      if (init.signal?.aborted || cause instanceof CommandFailure) throw cause;
      throw new CommandFailure("unreachable", `no answer from ${base.origin}: ${reasonOf(cause)}`, { cause });
    }
  };

  async function answer<Answer>(path: string, init: Asking): Promise<Answer> {
    const response = await request(path, { signal: AbortSignal.timeout(answerMsMax), ...init });
    if (!response.ok) throw await failureOf(response);
    if (response.status === 204) return undefined as Answer;
    return (await response.json()) as Answer;
  }

  return {
    request,
    get: async (path, query) => await answer(path, query ? { query } : {}),
    send: async (method, path, body) =>
      await answer(path, {
        method,
        headers: {
          "midwatch-request": "1",
          ...(body !== undefined && { "content-type": "application/json" }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
  };
}

function keyOf(base: URL, keyFile: string | undefined, environment: Environment): string | undefined {
  const given = variable(environment, "MIDWATCH_KEY");
  if (keyFile === undefined && given !== undefined) return given.trim();
  if (keyFile !== undefined) return readKeyFile(keyFile);
  // The owner's key opens everything: it never leaves this machine.
  return isLoopbackHost(base.host) ? readOwnerKey(environment) : undefined;
}

/** Throws `CommandFailure`. */
export function readKeyFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new CommandFailure("usage", `the key file ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function serverAddress(text: string): URL {
  const url = URL.parse(text);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new CommandFailure(
    "usage",
    `--server: \`${text}\` is no address; expected one such as ${serverDefault}`,
  );
}

/** What a refusal means for whoever called the command. */
export async function failureOf(response: Response): Promise<CommandFailure> {
  const text = await response.text().catch(() => "");
  const { code, message } = errorIn(text);
  const exit: ExitName =
    response.status === 404 && code === "NOT_FOUND"
      ? "nothing"
      : code === "QUERY_INVALID"
        ? "usage"
        : response.status >= 500
          ? "unreachable"
          : "refused";
  return new CommandFailure(exit, message || `the server answered with status ${response.status}`);
}

function errorIn(text: string): Partial<ErrorAnswer> {
  try {
    return JSON.parse(text) as Partial<ErrorAnswer>;
  } catch {
    // Something else than Midwatch answered; its status is all that can be told.
    return {};
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (error.name === "TimeoutError") return "it took too long";
  const code = (cause as { code?: string } | undefined)?.code;
  if (code === "ECONNREFUSED") return "nobody listens there; `midwatch serve` starts a server";
  return cause instanceof Error ? cause.message : error.message;
}

/** The value of a variable, where it is set and not empty. */
export function variable(environment: Environment, name: string): string | undefined {
  return environment[name] || undefined;
}
