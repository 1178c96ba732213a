/**
 * The door for events: the ledger that is opened before anything is taken in, the pipeline that
 * redacts, seals and spools, the inserter behind it, and Midwatch's own events, which come in by the
 * same door.
 */
import { join } from "node:path";
import { startTicksOf } from "../agent/process.ts";
import type { Intake } from "../model/intake.ts";
import type { CompiledRules } from "../redact/rules.ts";
import { createRedactionSums } from "../redact/summary.ts";
import { syncDeduplication } from "../store/engine/deduplication.ts";
import { startInserter } from "../store/inserter.ts";
import { engineBytes } from "../store/segment-rows.ts";
import type { ControlStore } from "../store/store.ts";
import { openLedger, startLedger, takeUpSeals } from "./ledger.ts";
import { type loadAnchors, startAnchors } from "./ledger-anchors.ts";
import { startOwnEvents } from "./own-events.ts";
import { startPipeline } from "./pipeline.ts";
import { loadRedaction, startRedactionSummaries, triedRules, watchRedaction } from "./redaction.ts";
import type { ServerLedgerParts } from "./server-ledger.ts";
import type { Releases, ServerOptions } from "./server-process.ts";
import type { ServerStores } from "./server-stores.ts";
import { reportInserter, type ServerVoice } from "./server-voice.ts";
import { openSourceChains } from "./source-chains.ts";
import { version } from "./version.ts";

export type ServerIntake = {
  readonly intake: Intake;
  readonly sealed: ServerLedgerParts;
  /** The rules of redaction that are in force. */
  readonly redaction: () => CompiledRules;
  /** Resolves when everything acknowledged so far can be queried. */
  readonly settled: () => Promise<void>;
};

export async function openIntake(
  options: ServerOptions,
  stores: ServerStores,
  voice: ServerVoice,
  anchorSetup: ReturnType<typeof loadAnchors>,
  releases: Releases,
): Promise<ServerIntake> {
  const { config, clock, randomBytes } = options;
  const { control, spool } = stores;
  const sealed = await openSealing(options, stores, voice, anchorSetup, releases);
  const inserter = startInserter({
    spool,
    store: stores.events,
    control: durableReceipts(options, stores, sealed),
    onNotice: reportInserter(voice.log),
  });
  releases.push(() => inserter.close());

  const sums = createRedactionSums();
  const redaction = loadRedaction(config.data, config["redaction.rules"], randomBytes);
  const tried = triedRules(redaction);
  const pipeline = startPipeline({
    spool,
    control,
    ledger: sealed.ledger,
    clock,
    redaction,
    onRedacted: sums.add,
    chains: await openSourceChains(control, spool, voice.record),
  });
  releases.push(() => pipeline.close());
  const watching = watchRedaction({
    data: config.data,
    rulesFile: config["redaction.rules"],
    onChange: (changed) => {
      pipeline.changeRedaction(changed);
      tried.change(changed);
    },
    report: voice.log,
  });
  releases.push(() => watching.close());

  const { intake } = pipeline;
  const own = startOwnEvents({ intake, clock, randomBytes, base: ownFields(options) });
  releases.push(() => own.close());
  voice.recordTo(own);
  const summaries = startRedactionSummaries(sums, own);
  releases.push(() => summaries.close());
  return { intake, sealed, redaction: tried.rules, settled: () => inserter.idle() };
}

/** The ledger with what waits in the spool, signed every few seconds and kept elsewhere. */
async function openSealing(
  options: ServerOptions,
  { spool, encryption, socketPath, retention }: ServerStores,
  { log, findings: { reportOwnFinding } }: ServerVoice,
  setup: ReturnType<typeof loadAnchors>,
  releases: Releases,
): Promise<ServerLedgerParts> {
  const { config, clock } = options;
  const ledger = openLedger(config.data, config["ledger.memory"], options);
  takeUpSeals(ledger, spool);
  const sealing = await startLedger(ledger, clock, (message) => {
    log("error", message);
    reportOwnFinding({ subject: "ledger.sign", because: message });
  });
  releases.push(() => sealing.close());
  const report = (message: string): void => log("error", message);
  const anchors = startAnchors({ ...options, data: config.data, setup, ledger, reportOwnFinding, report });
  releases.push(() => anchors.close());
  return {
    ledger,
    ask: engineBytes(socketPath),
    waiting: { directory: spool.directory, cipher: encryption?.spool },
    retention: retention.days,
    anchors,
    reportOwnFinding,
    verified: {},
  };
}

/** A batch leaves the spool only when the ledger would not lose it either, and the engine would know it again. */
function durableReceipts(
  { config }: ServerOptions,
  { control }: ServerStores,
  { ledger }: ServerLedgerParts,
): Pick<ControlStore, "addReceipts"> {
  return {
    addReceipts: async (batches) => {
      await Promise.all([ledger.flush(), syncDeduplication(join(config.data, "engine"))]);
      await control.addReceipts(batches);
    },
  };
}

/** What every event of the server itself bears. */
export function ownFields({ config, hostname, pid }: ServerOptions) {
  return {
    service: "midwatch",
    runtime: "midwatch",
    environment: config.environment,
    host: hostname,
    release: version,
    worker: `${hostname}:${pid}:${startTicksOf(pid) ?? 0}`,
  };
}
