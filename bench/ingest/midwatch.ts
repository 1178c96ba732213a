/** The server as a user runs it, `midwatch serve`, fed over HTTP by some senders at once. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cpuMicros, endProcess, type Measured, peakRssBytes, waitUntil } from "./processes.ts";

const root = new URL("../..", import.meta.url).pathname;
const node = join(root, "node_modules", ".bin", "node");
const main = join(root, "src", "cli", "main.ts");

export type Fed = Measured & { /** Until every event was acknowledged. */ readonly acknowledgedMs: number };

export type MidwatchServer = {
  /** From the first byte sent until every event was acknowledged and can be queried. */
  feed(batches: readonly Buffer[], events: number, senders: number): Promise<Fed>;
  /** Processor time that is still spent, merging what was stored, until the server is at rest: µs. */
  rest(): Promise<number>;
  /** Stored events with their indexes and everything derived from them, by event. */
  storedBytesPerEvent(): Promise<number>;
  peakRssBytes(): number;
  stop(): Promise<void>;
};

export async function startMidwatch(directory: string): Promise<MidwatchServer> {
  const data = join(directory, "midwatch");
  const key = execFileSync(node, [main, "keys", "add", "bench", "--scope", "send", "--data", data], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const port = await freePort();
  const child = spawn(
    node,
    [main, "serve", "--access", "open", "--data", data, "--listen", `127.0.0.1:${port}`],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const server = { child, port, key, data, agent: new Agent({ keepAlive: true }), sent: 0 };
  try {
    await waitUntil("midwatch serve answers", 30_000, async () => {
      if (child.exitCode !== null) throw new Error(`midwatch serve ended: ${said}`);
      return ask(server, "/healthz").then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    await endProcess(child);
    throw error;
  }
  return {
    feed: (batches, events, senders) => feed(server, batches, events, senders),
    rest: () => rest(child.pid as number),
    storedBytesPerEvent: () => storedBytesPerEvent(join(data, "engine", "engine.sock")),
    peakRssBytes: () => peakRssBytes(child.pid as number),
    async stop() {
      server.agent.destroy();
      await endProcess(child);
    },
  };
}

type Server = {
  readonly child: ChildProcess;
  readonly port: number;
  readonly key: string;
  /** The server's folder. */
  readonly data: string;
  readonly agent: Agent;
  /** Batches sent so far; each needs a name of its own. */
  sent: number;
};

async function feed(
  server: Server,
  batches: readonly Buffer[],
  events: number,
  senders: number,
): Promise<Fed> {
  const before = await storedEvents(server);
  const pid = server.child.pid as number;
  const cpuBefore = cpuMicros(pid);
  const startedMs = performance.now();
  let next = 0;
  let accepted = 0;
  async function sender(): Promise<void> {
    while (next < batches.length) {
      const answer = await send(server, batches[next++] as Buffer);
      accepted += answer.accepted;
    }
  }
  await Promise.all(Array.from({ length: senders }, sender));
  const acknowledgedMs = performance.now() - startedMs;
  // Seen in the folder: a question every 20 ms would be a part of what is measured.
  await waitUntil("everything is inserted", 300_000, () => isSpoolEmpty(server.data));
  const wallMs = performance.now() - startedMs;
  const measured = { events, wallMs, cpuMicros: cpuMicros(pid) - cpuBefore, acknowledgedMs };
  const stored = (await storedEvents(server)) - before;
  if (accepted !== events || stored !== events) {
    throw new Error(`${events} events sent, ${accepted} acknowledged, ${stored} stored`);
  }
  return measured;
}

/** At rest: less than a twentieth of one core for two seconds. After half a minute it is what it is. */
async function rest(pid: number): Promise<number> {
  const cpuBefore = cpuMicros(pid);
  let idleFor = 0;
  for (let tries = 0; tries < 60 && idleFor < 4; tries++) {
    const cpu = cpuMicros(pid);
    await sleep(500);
    idleFor = cpuMicros(pid) - cpu < 25_000 ? idleFor + 1 : 0;
  }
  return cpuMicros(pid) - cpuBefore;
}

/** Files of a batch are removed once the engine has it. */
function isSpoolEmpty(data: string): boolean {
  return !readdirSync(join(data, "spool")).some((name) => name.endsWith(".json"));
}

type Status = { readonly overview: { readonly events: number } };

/** Events of the corpus, whose times lie in the past; the server's own are newer. */
async function storedEvents(server: Server): Promise<number> {
  const until = new Date(Date.now() - corpusAgeMs / 2).toISOString();
  const answer = await ask(server, `/api/v1/overview?from=2020-01-01T00:00:00Z&until=${until}`);
  return (JSON.parse(answer) as Status).overview.events;
}

/** How long before its start a bench lets its corpus begin, so that all of it is older than half of that. */
export const corpusAgeMs = 24 * 3_600_000;

function ask(server: Server, path: string): Promise<string> {
  return exchange(server, "GET", path, {}, undefined);
}

async function send(server: Server, body: Buffer): Promise<{ accepted: number }> {
  const headers = {
    authorization: `Bearer ${server.key}`,
    "midwatch-source": "bench",
    "midwatch-batch": `bench-${server.sent++}`,
    "content-length": body.length,
  };
  return JSON.parse(await exchange(server, "POST", "/v1/events", headers, body)) as { accepted: number };
}

function exchange(
  { agent, port }: Server,
  method: string,
  path: string,
  headers: Record<string, string | number>,
  body: Buffer | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, host: "127.0.0.1", port, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        if (incoming.statusCode === 200) resolve(text);
        else reject(new Error(`${method} ${path}: ${incoming.statusCode} ${text}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** Asked of the engine itself: files of replaced parts stay for minutes and are not counted. */
async function storedBytesPerEvent(socketPath: string): Promise<number> {
  const sql =
    "SELECT sum(bytes_on_disk), sumIf(rows, table = 'events') FROM system.parts WHERE active AND database = currentDatabase()";
  const answer = await new Promise<string>((resolve, reject) => {
    const outgoing = request({ socketPath, method: "POST", path: "/" }, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("end", () => resolve(text));
    });
    outgoing.on("error", reject);
    outgoing.end(`${sql} FORMAT TSV`);
  });
  const [bytes, rows] = answer.split("\t").map(Number);
  if (!bytes || !rows) throw new Error(`the engine does not say what it stores: ${answer}`);
  return bytes / rows;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
