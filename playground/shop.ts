/** The shop: a Rails application on Puma, with Delayed::Job workers and a crontab of whenever's. */
import { type ChildProcess, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Room, startCron } from "./cron.ts";
import { answers, eventually, freePort, type Processes, root } from "./processes.ts";

export const shopPackages: readonly string[] = [
  "ruby",
  "ruby-delayed-job",
  "ruby-delayed-job-active-record",
  "ruby-rails",
  "ruby-sqlite3",
  "ruby-redis",
  "puma",
];

const directory = join(root, "playground/shop");

/** Why the shop cannot run here, if it cannot. */
export function shopIsMissing(): string | undefined {
  const script =
    'require "rails"; require "active_record"; require "delayed_job_active_record"; require "sqlite3"; require "redis"; require "puma"';
  return spawnSync("ruby", ["-e", script]).status === 0
    ? undefined
    : `Debian's packages for the shop are missing (${shopPackages.join(" ")})`;
}

export type Shop = {
  readonly address: string;
  /** Starts a worker, and another one whenever it dies, as a supervisor would. */
  readonly keepWorking: () => void;
  /** Plays a story through a web request. */
  readonly tell: (story: string) => Promise<void>;
  readonly order: (customer: string) => Promise<void>;
  /** Installs the shop's crontab under a cron daemon of its own. */
  readonly keepTime: (within: Room, before?: readonly string[]) => Promise<string>;
};

export async function startShop(
  processes: Processes,
  folder: string,
  spool: string,
  more: Readonly<Record<string, string>> = {},
  room?: Room,
): Promise<Shop> {
  const port = await freePort();
  const environment = {
    SHOP_DATABASE: join(folder, "shop.sqlite3"),
    SHOP_LOG: join(folder, "shop.log"),
    SHOP_BIND: `tcp://127.0.0.1:${port}`,
    MIDWATCH_SPOOL: spool,
    ...more,
  };
  const start = (program: string, words: readonly string[], output: string): ChildProcess =>
    processes.start({ program, words, environment, directory, room, output: join(folder, output) });
  const [prepared] = await once(start("ruby", ["bin/prepare"], "prepare.log"), "exit");
  if (prepared !== 0) throw new Error(readFileSync(join(folder, "prepare.log"), "utf8"));
  const puma = start("puma", ["-C", "config/puma.rb"], "puma.log");
  const address = `http://127.0.0.1:${port}`;
  await eventually("the shop answers", () => {
    if (puma.exitCode !== null) throw new Error(`Puma ended with status ${puma.exitCode}`);
    return answers(`${address}/orders`);
  });
  const post = async (path: string): Promise<void> => {
    const response = await fetch(address + path, { method: "POST" });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`POST ${path}: ${response.status}`);
  };
  const keepWorking = (): void => {
    start("ruby", ["bin/work"], "worker.log").once("exit", () => {
      if (!processes.isEnding) setTimeout(keepWorking, 500);
    });
  };
  const keepTime = (within: Room, before: readonly string[] = []): Promise<string> =>
    startCron(processes, within, {
      folder,
      directory,
      schedule: join(directory, "config/schedule.rb"),
      before,
      environment: {
        ...environment,
        SHOP_HOME: folder,
        SHOP_HEARTBEAT: join(folder, "heartbeat"),
        SHOP_CRON_OUTPUT: join(folder, "cron-jobs.log"),
      },
    });
  return {
    address,
    keepWorking,
    keepTime,
    tell: (story) => post(`/stories/${encodeURIComponent(story)}`),
    order: (customer) => post(`/orders?customer=${encodeURIComponent(customer)}`),
  };
}
