/** Midwatch itself in the playground: a server, a key, and an agent on the same machine. */
import { type ChildProcess, execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AccessMode } from "../src/access/access.ts";
import type { Room } from "./cron.ts";
import { answers, eventually, freePort, midwatchProgram, nodeProgram, type Processes } from "./processes.ts";

export type Watch = {
  readonly address: string;
  readonly data: string;
  /** Where recorders write. */
  readonly spool: string;
  /** Of the agent; may send. */
  readonly key: string;
  readonly server: ChildProcess;
  readonly agent: ChildProcess;
  /** Again, after it has died; resolves when it answers. */
  readonly startServer: () => Promise<ChildProcess>;
};

type WatchMore = {
  readonly port?: number;
  /** Absent: whoever reaches it may do everything. */
  readonly access?: AccessMode;
  readonly environment?: Readonly<Record<string, string>>;
  /** Further options of the agent. */
  readonly agentWords?: readonly string[];
  /** Where the agent runs: it sees the crontabs there. */
  readonly room?: Room | undefined;
};

/** Everything lies below `folder`. */
export async function startWatch(
  processes: Processes,
  folder: string,
  { port, access = "open", environment = {}, agentWords = [], room }: WatchMore = {},
): Promise<Watch> {
  const data = join(folder, "data");
  const spool = join(folder, "spool");
  const keyFile = join(folder, "agent.key");
  mkdirSync(spool, { recursive: true });
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  const address = `http://${listen}`;
  const startServer = async (): Promise<ChildProcess> => {
    const started = processes.start({
      program: nodeProgram,
      words: [midwatchProgram, "serve", "--access", access, "--data", data, "--listen", listen],
      environment,
      output: join(folder, "server.log"),
    });
    await eventually("the server answers", () => {
      if (started.exitCode !== null) throw new Error(`the server ended with status ${started.exitCode}`);
      return answers(`${address}/healthz`);
    });
    return started;
  };
  const server = await startServer();
  const key = execFileSync(
    nodeProgram,
    [midwatchProgram, "keys", "add", "playground", "--scope", "send", "--data", data],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  writeFileSync(keyFile, key, { mode: 0o600 });
  const agent = processes.start({
    program: nodeProgram,
    room,
    words: [
      midwatchProgram,
      "agent",
      "--server",
      address,
      "--key-file",
      keyFile,
      "--spool",
      spool,
      "--state",
      join(folder, "agent"),
      ...agentWords,
    ],
    environment,
    output: join(folder, "agent.log"),
  });
  return { address, data, spool, key: key.trim(), server, agent, startServer };
}
