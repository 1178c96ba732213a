/** Midwatch itself in the playground: a server, a key, and an agent on the same machine. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, eventually, freePort, midwatchProgram, nodeProgram, type Processes } from "./processes.ts";

export type Watch = {
  readonly address: string;
  readonly data: string;
  /** Where recorders write. */
  readonly spool: string;
};

/** Everything lies below `folder`. */
export async function startWatch(processes: Processes, folder: string, port?: number): Promise<Watch> {
  const data = join(folder, "data");
  const spool = join(folder, "spool");
  const keyFile = join(folder, "agent.key");
  mkdirSync(spool, { recursive: true });
  const listen = `127.0.0.1:${port ?? (await freePort())}`;
  const address = `http://${listen}`;
  const server = processes.start({
    program: nodeProgram,
    words: [midwatchProgram, "serve", "--data", data, "--listen", listen],
    output: join(folder, "server.log"),
  });
  await eventually("the server answers", () => {
    if (server.exitCode !== null) throw new Error(`the server ended with status ${server.exitCode}`);
    return answers(`${address}/healthz`);
  });
  const key = execFileSync(
    nodeProgram,
    [midwatchProgram, "keys", "add", "playground", "--scope", "send", "--data", data],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  writeFileSync(keyFile, key, { mode: 0o600 });
  processes.start({
    program: nodeProgram,
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
    ],
    output: join(folder, "agent.log"),
  });
  return { address, data, spool };
}
