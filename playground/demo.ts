/**
 * `npm run demo`: a shop on Rails with Puma, Delayed::Job and whenever under a cron daemon of its
 * own, a Celery worker, a server and an agent, all on this machine, with a steady trickle of work.
 * What this machine cannot have is said and left out. A worker that dies is started again, as a
 * supervisor would. Ctrl-C ends what was started and nothing else.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { billingIsMissing, billingPackages, startBilling } from "./billing.ts";
import { cronIsMissing, cronPackages, openRoom } from "./cron.ts";
import { Processes, root } from "./processes.ts";
import { shopIsMissing, shopPackages, startShop } from "./shop.ts";
import { startWatch } from "./watch.ts";

const port = Number(process.env["MIDWATCH_DEMO_PORT"] ?? 4180);
/** So often something is asked of the shop. */
const beatMs = 1500;
/** What happens beside orders, and after how many beats each time. */
const incidents: (readonly [string, number])[] = [
  ["heals", 3],
  ["recovers", 7],
  ["is delayed", 5],
  ["is discarded", 11],
  ["fails", 17],
  ["asks for others", 19],
  ["leaks", 23],
  ["leaks without names", 26],
  ["hangs", 29],
  ["is unloadable", 31],
  ["kills its worker", 37],
];
/** What needs Celery and cron as well. */
const crossing: readonly [string, number] = ["crosses all four", 13];

const packages = [...shopPackages, ...billingPackages, ...cronPackages];
spawnSync(process.execPath, [join(root, "scripts/install.mjs"), `--debian=${packages.join(",")}`], {
  stdio: "inherit",
});
const missing = shopIsMissing();
if (missing !== undefined) {
  console.error(`${missing}. Install them, or run the demo as root.`);
  process.exit(1);
}
spawnSync(process.execPath, [join(root, "web/build.ts")], { stdio: "inherit" });

const folder = mkdtempSync(join(tmpdir(), "midwatch-demo-"));
const processes = new Processes();

async function end(code: number): Promise<never> {
  await processes.endAll();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
process.on("SIGINT", () => void end(0));
process.on("SIGTERM", () => void end(0));

try {
  const withoutCron = cronIsMissing();
  const room = withoutCron === undefined ? await openRoom(processes, folder) : undefined;
  const watch = await startWatch(processes, folder, { port, room });
  const billing = billingIsMissing() ?? (await startBilling(processes, folder, watch.spool));
  const withBilling = typeof billing !== "string";
  const shop = await startShop(processes, folder, watch.spool, withBilling ? billing.environment : {});
  shop.keepWorking();
  shop.keepWorking();
  if (room) await shop.keepTime(room);
  if (withBilling && room) incidents.push(crossing);
  console.log(`\nMidwatch watches the playground: ${watch.address}`);
  console.log(`The shop itself: ${shop.address}/orders (POST to order something)`);
  console.log(withBilling ? "Celery: a worker and beat, on Redis" : `Without Celery: ${billing}`);
  console.log(room ? "Cron: a daemon with what whenever wrote" : `Without cron and whenever: ${withoutCron}`);
  console.log(`Logs of all processes: ${folder}\nCtrl-C ends everything.\n`);
  await trickle(shop, withBilling ? billing.tell : undefined);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`What the processes printed is in ${folder}`);
  await processes.endAll();
  process.exit(1);
}

async function trickle(
  shop: Awaited<ReturnType<typeof startShop>>,
  tellBilling: ((beat: number) => void) | undefined,
): Promise<void> {
  const customers = ["maria", "eve", "sofia", "jonas", "li"];
  for (let beat = 1; !processes.isEnding; beat++) {
    try {
      await shop.order(customers[beat % customers.length] ?? "maria");
      for (const [story, every] of incidents) if (beat % every === 0) await shop.tell(story);
      tellBilling?.(beat);
    } catch (error) {
      if (!processes.isEnding) console.error(`The shop did not answer: ${String(error)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, beatMs));
  }
}
