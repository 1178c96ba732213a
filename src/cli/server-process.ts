/**
 * The server whole: opens its parts in order, joins them, and closes them in the opposite order.
 * What is opened before a failure is closed again.
 */

import type { Watch } from "../alert/parts.ts";
import { startWatch } from "../alert/watch.ts";
import type { Patience } from "../api/parts.ts";
import type { Clock } from "../model/time.ts";
import type { ControlStore, EventStore } from "../store/store.ts";
import { loadAlerts } from "./alerts.ts";
import type { Config } from "./config.ts";
import { holdDataDirectory } from "./data-directory.ts";
import { loadAnchors } from "./ledger-anchors.ts";
import { startOwnJobs } from "./own-jobs.ts";
import { ownJobs } from "./own-schedule.ts";
import { loadRules } from "./rules.ts";
import { openDoors, type ServerDoors } from "./server-doors.ts";
import { openIntake, type ServerIntake } from "./server-intake.ts";
import { ledgerJobs } from "./server-ledger.ts";
import { openStores, type ServerStores } from "./server-stores.ts";
import { makeServerVoice, type ServerVoice } from "./server-voice.ts";
import type { Environment } from "./terminal.ts";
import { version } from "./version.ts";

export type ServerOptions = {
  readonly config: Config;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly note: (line: string) => void;
  readonly pid: number;
  readonly hostname: string;
  /** Where secrets of channels are looked up by the names that the configuration gives. */
  readonly environment?: Environment;
  /** Other than the built page, the sample day of this installation, and the usual patience. */
  readonly pageDirectory?: string;
  readonly sampleFile?: string;
  readonly patience?: Patience;
  readonly tailBeatMs?: number;
};

export type RunningServer = ServerDoors & {
  readonly events: EventStore;
  readonly control: ControlStore;
  /** Resolves when everything acknowledged so far can be queried. */
  readonly settled: () => Promise<void>;
  /** Stops accepting, finishes what is at hand, closes. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/** What closes the parts that are open; each part adds its own, and the last is called first. */
export type Releases = (() => Promise<void> | void)[];

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const releases: Releases = [];
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= releaseAll(releases);
    return closing;
  };
  try {
    return { ...(await open(options, releases)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function releaseAll(releases: Releases): Promise<void> {
  for (const release of releases.toReversed()) await release();
}

async function open(options: ServerOptions, releases: Releases): Promise<Omit<RunningServer, "close">> {
  const { config, clock } = options;
  const voice = makeServerVoice({
    format: config["log.format"],
    level: config["log.level"],
    clock,
    note: options.note,
  });
  // What is wrong in a file of settings is said before anything is opened.
  const alerts = loadAlerts(config.alerts, options.environment ?? {}, options);
  const anchors = loadAnchors(config["ledger.anchors"], options.environment ?? {});
  const held = holdDataDirectory(config.data, options.pid);
  releases.push(() => held.release());

  const stores = await openStores(options, voice, releases);
  const door = await openIntake(options, stores, voice, anchors, releases);
  const watch = await openWatch(options, stores, voice, alerts, releases);
  const doors = await openDoors(options, stores, voice, door, watch, releases);
  startJobs(options, stores, voice, door, releases);
  voice.log("info", `Midwatch ${version} listens on ${doors.address}; its data is in ${config.data}`);
  return { ...doors, events: stores.events, control: stores.control, settled: door.settled };
}

async function openWatch(
  { config, clock, randomBytes, hostname }: ServerOptions,
  { events, control, lagMs }: ServerStores,
  { log, record, findings }: ServerVoice,
  setup: ReturnType<typeof loadAlerts>,
  releases: Releases,
): Promise<Watch> {
  const watch = await startWatch({
    events,
    survey: events,
    rules: loadRules(config.rules),
    store: control,
    setup,
    clock,
    randomBytes,
    lagMs,
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    record,
    report: log,
    own: findings,
    holder: `${hostname}:${config.data}`,
  });
  releases.push(() => watch.close());
  return watch;
}

function startJobs(
  { config, clock, randomBytes }: ServerOptions,
  { control, events, spool }: ServerStores,
  { log, record }: ServerVoice,
  { sealed }: ServerIntake,
  releases: Releases,
): void {
  const jobs = startOwnJobs({
    jobs: [...ownJobs({ control, events, spool, clock, dataDirectory: config.data }), ...ledgerJobs(sealed)],
    events: { record },
    clock,
    randomBytes,
    report: (message) => log("error", message),
  });
  releases.push(() => jobs.close());
}
