/** Everything the server keeps on disk: control state, the engine with its events, the spool. */
import { join } from "node:path";
import { agreeOnRetention, type Retention } from "../access/retention.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import type { Encryption } from "../store/encryption/ciphers.ts";
import { engineClient } from "../store/engine/client.ts";
import { startEngine } from "../store/engine/supervisor.ts";
import { openEventStore, type SurveyedStore } from "../store/events/store.ts";
import { openSpool, type Spool } from "../store/spool.ts";
import type { ControlStore } from "../store/store.ts";
import type { Config } from "./config.ts";
import { openEncryption } from "./encryption.ts";
import type { Releases, ServerOptions } from "./server-process.ts";
import { reportEngine, type ServerVoice } from "./server-voice.ts";

/** Batches that may wait in the spool. More: senders are asked to keep theirs. */
const spoolFilesMax = 100_000;

export type ServerStores = {
  readonly control: ControlStore;
  readonly retention: Retention;
  readonly events: SurveyedStore;
  readonly spool: Spool;
  /** Absent: nothing is encrypted. */
  readonly encryption: Encryption | undefined;
  /** Where the engine answers ClickHouse's HTTP interface. */
  readonly socketPath: string;
  readonly isEngineUp: () => boolean;
  /** How long the oldest batch has waited to be queryable. */
  readonly lagMs: () => number;
};

export async function openStores(
  { config, clock, randomBytes }: Pick<ServerOptions, "config" | "clock" | "randomBytes">,
  { log }: ServerVoice,
  releases: Releases,
): Promise<ServerStores> {
  const encryption = await openEncryption(config, randomBytes);
  const control = openSqliteControl(join(config.data, "control.db"), encryption?.control);
  releases.push(() => control.close());
  const retention = await agreeOnRetention(control, retentionOf(config), config.access === "open");
  if ((await retention.state()).wanted)
    log("warn", "A shorter retention is set, and waits until two people have agreed: `midwatch retention`");
  let engineUp = false;
  const engine = await startEngine({
    directory: join(config.data, "engine"),
    keys: encryption?.engine,
    onNotice: (notice) => {
      engineUp = notice.kind === "started";
      reportEngine(log, notice);
    },
  });
  releases.push(() => engine.close());
  const events = await openEventStore({
    client: engineClient(engine),
    retention: retention.days,
    isEncrypted: encryption !== undefined,
  });
  releases.push(() => events.close());
  const spool = await openSpool({
    directory: join(config.data, "spool"),
    bytesMax: config["spool.bytes"],
    filesMax: spoolFilesMax,
    cipher: encryption?.spool,
  });
  return {
    control,
    retention,
    events,
    spool,
    encryption,
    socketPath: engine.socketPath,
    isEngineUp: () => engineUp,
    lagMs: () => clock() - (spool.counts().oldestMs ?? clock()),
  };
}

function retentionOf(config: Config) {
  return {
    jobs: config["retention.jobs"],
    logs: config["retention.logs"],
    http: config["retention.http"],
    audit: config["retention.audit"],
  };
}
