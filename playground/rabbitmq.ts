/** A RabbitMQ of one's own: private ports, folders and Erlang cookie, and gone without a trace. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { eventually, freePort, type Processes } from "./processes.ts";

/** The program itself; the one on the path insists on a user of its own. */
const program = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/** Why RabbitMQ cannot run here, if it cannot. */
export function rabbitmqIsMissing(): string | undefined {
  if (!existsSync(program)) return "rabbitmq-server is not installed";
  return spawnSync("epmd", ["-h"]).error ? "Erlang is not installed" : undefined;
}

/** Its address for clients, when it listens. */
export async function startRabbitmq(processes: Processes, folder: string): Promise<string> {
  const home = join(folder, "rabbitmq");
  mkdirSync(home);
  const [port, nodePort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  const environment = {
    HOME: home,
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: "127.0.0.1",
    RABBITMQ_CONF_ENV_FILE: "/dev/null",
    RABBITMQ_CONFIG_FILE: join(home, "none"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, "plugins"),
    RABBITMQ_LOG_BASE: join(home, "log"),
    RABBITMQ_MNESIA_BASE: join(home, "data"),
    RABBITMQ_PID_FILE: join(home, "pid"),
    RABBITMQ_NODENAME: `midwatch${process.pid}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: "127.0.0.1",
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(nodePort),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1}",
  };
  const output = join(folder, "rabbitmq.log");
  // Erlang's mapper of names in the foreground: RabbitMQ would leave one behind.
  processes.start({ program: "epmd", words: [], environment, output });
  const server = processes.start({ program, words: [], environment, output });
  await eventually("RabbitMQ listens", async () => {
    if (server.exitCode !== null)
      throw new Error(`RabbitMQ ended with status ${server.exitCode}; see ${output}`);
    return (await listens(port)) || undefined;
  });
  return `amqp://guest:guest@127.0.0.1:${port}//`;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
