/**
 * The server whole: opens its parts in order, joins them, and closes them in the opposite order.
 * What is opened before a failure is closed again.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeAccess } from "../access/access.ts";
import { startJournal } from "../access/journal.ts";
import { makeKeyring } from "../access/keyring.ts";
import { makePasskeys } from "../access/passkeys.ts";
import { makePeople } from "../access/people.ts";
import { agreeOnRetention } from "../access/retention.ts";
import { startTicksOf } from "../agent/process.ts";
import { makeOwnFindings } from "../alert/own-findings.ts";
import { startWatch } from "../alert/watch.ts";
import type { Patience } from "../api/parts.ts";
import type { OverviewAnswer } from "../api/schemas.ts";
import { makeServer } from "../api/server.ts";
import { type Clock, formatTime } from "../model/time.ts";
import { createRedactionSums } from "../redact/summary.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import { engineClient } from "../store/engine/client.ts";
import { syncDeduplication } from "../store/engine/deduplication.ts";
import { type EngineNotice, startEngine } from "../store/engine/supervisor.ts";
import { openEventStore } from "../store/events/store.ts";
import { type InserterNotice, startInserter } from "../store/inserter.ts";
import { engineBytes } from "../store/segment-rows.ts";
import { openSpool } from "../store/spool.ts";
import type { ControlStore, EventStore } from "../store/store.ts";
import { loadAuthority } from "./agent-authority.ts";
import { loadAlerts } from "./alerts.ts";
import type { Config } from "./config.ts";
import { holdDataDirectory } from "./data-directory.ts";
import { makeErasures } from "./erasures.ts";
import { CommandFailure } from "./exit.ts";
import { countIntake } from "./intake-figures.ts";
import { openLedger, startLedger, takeUpSeals } from "./ledger.ts";
import { loadAnchors, startAnchors } from "./ledger-anchors.ts";
import { type OwnEvents, startOwnEvents } from "./own-events.ts";
import { startOwnJobs } from "./own-jobs.ts";
import { makeOwnLog, type OwnLog } from "./own-log.ts";
import { ownJobs } from "./own-schedule.ts";
import { makeOwnerKey } from "./owner-key.ts";
import { startPipeline } from "./pipeline.ts";
import { examine } from "./posture.ts";
import { loadProvider } from "./provider.ts";
import { loadRedaction, startRedactionSummaries, triedRules, watchRedaction } from "./redaction.ts";
import { loadRules } from "./rules.ts";
import { ledgerJobs, publicLedger, type ServerLedgerParts, stateSampleGoes } from "./server-ledger.ts";
import { openSourceChains } from "./source-chains.ts";
import type { Environment } from "./terminal.ts";
import { loadTls } from "./tls.ts";
import { version } from "./version.ts";

/** Batches that may wait in the spool. More: senders are asked to keep theirs. */
const spoolFilesMax = 100_000;

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

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

export type RunningServer = {
  /** `http://127.0.0.1:4180` */
  readonly address: string;
  /** Where the first administrator comes in; absent where somebody has. */
  readonly firstLink?: string;
  /** Of the certificate, where the server has TLS. */
  readonly fingerprint?: string;
  readonly events: EventStore;
  readonly control: ControlStore;
  /** Resolves when everything acknowledged so far can be queried. */
  readonly settled: () => Promise<void>;
  /** Stops accepting, finishes what is at hand, closes. Safe to call twice. */
  readonly close: () => Promise<void>;
};

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const releases: (() => Promise<void> | void)[] = [];
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

async function releaseAll(releases: (() => Promise<void> | void)[]): Promise<void> {
  for (const release of releases.toReversed()) await release();
}

async function open(
  options: ServerOptions,
  releases: (() => Promise<void> | void)[],
): Promise<Omit<RunningServer, "close">> {
  const { config, clock, randomBytes } = options;
  const startedTime = formatTime(Math.floor(clock() * 1000));
  let ownEvents: OwnEvents | undefined;
  let engineUp = false;
  const log = makeOwnLog({
    format: config["log.format"],
    level: config["log.level"],
    clock,
    note: options.note,
    record: (severity, message) => ownEvents?.record("log", { severity, message }),
  });

  // Given to every part that must say when a promise of Midwatch itself does not hold.
  const findings = makeOwnFindings(clock);
  const setup = loadAlerts(config.alerts, options.environment ?? {}, options);
  const anchorSetup = loadAnchors(config["ledger.anchors"], options.environment ?? {});
  const held = holdDataDirectory(config.data, options.pid);
  releases.push(() => held.release());
  const control = openSqliteControl(join(config.data, "control.db"));
  releases.push(() => control.close());
  const retention = await agreeOnRetention(control, retentionOf(config), config.access === "open");
  if ((await retention.state()).wanted)
    log("warn", "A shorter retention is set, and waits until two people have agreed: `midwatch retention`");
  const engine = await startEngine({
    directory: join(config.data, "engine"),
    onNotice: (notice) => {
      engineUp = notice.kind === "started";
      reportEngine(log, notice);
    },
  });
  releases.push(() => engine.close());
  const events = await openEventStore({ client: engineClient(engine), retention: retention.days });
  releases.push(() => events.close());
  const spool = await openSpool({
    directory: join(config.data, "spool"),
    bytesMax: config["spool.bytes"],
    filesMax: spoolFilesMax,
  });
  const ledger = openLedger(config.data, config["ledger.memory"], options);
  takeUpSeals(ledger, spool);
  const sealing = await startLedger(ledger, clock, (message) => {
    log("error", message);
    findings.reportOwnFinding({ subject: "ledger.sign", because: message });
  });
  releases.push(() => sealing.close());
  const anchors = startAnchors({
    ...options,
    data: config.data,
    setup: anchorSetup,
    ledger,
    reportOwnFinding: findings.reportOwnFinding,
    report: (message) => log("error", message),
  });
  releases.push(() => anchors.close());
  // A batch leaves the spool only when the ledger would not lose it either, and the engine would know it again.
  const receipts: Pick<ControlStore, "addReceipts"> = {
    addReceipts: async (batches) => {
      await Promise.all([ledger.flush(), syncDeduplication(join(config.data, "engine"))]);
      await control.addReceipts(batches);
    },
  };
  const inserter = startInserter({ spool, store: events, control: receipts, onNotice: reportInserter(log) });
  releases.push(() => inserter.close());
  const sealed: ServerLedgerParts = {
    ledger,
    ask: engineBytes(engine.socketPath),
    spoolDirectory: spool.directory,
    retention: retention.days,
    anchors,
    reportOwnFinding: findings.reportOwnFinding,
  };
  const redactions = createRedactionSums();
  const redaction = loadRedaction(config.data, config["redaction.rules"], randomBytes);
  const tried = triedRules(redaction);
  const pipeline = startPipeline({
    spool,
    control,
    ledger,
    clock,
    redaction,
    onRedacted: redactions.add,
    chains: await openSourceChains(control, spool, (kind, fields) => ownEvents?.record(kind, fields)),
  });
  releases.push(() => pipeline.close());
  const redactionWatch = watchRedaction({
    data: config.data,
    rulesFile: config["redaction.rules"],
    onChange: (changed) => {
      pipeline.changeRedaction(changed);
      tried.change(changed);
    },
    report: log,
  });
  releases.push(() => redactionWatch.close());

  ownEvents = startOwnEvents({ intake: pipeline.intake, clock, randomBytes, base: ownFields(options) });
  const own = ownEvents;
  releases.push(() => own.close());
  const summaries = startRedactionSummaries(redactions, own);
  releases.push(() => summaries.close());

  const status = async (): Promise<OverviewAnswer["server"]> => {
    const { files, bytes } = spool.counts();
    const state = engineUp ? "up" : "down";
    return {
      version,
      startedTime,
      spoolFiles: files,
      spoolBytes: bytes,
      engine: state,
      dataDirectory: config.data,
      retentionDays: retention.days,
    };
  };
  const lagMs = (): number => clock() - (spool.counts().oldestMs ?? clock());
  const counted = countIntake(pipeline.intake, clock, lagMs);
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
    record: (kind, fields) => own.record(kind, fields),
    report: log,
    own: findings,
    holder: `${options.hostname}:${config.data}`,
  });
  releases.push(() => watch.close());
  const tls = await loadTls(config, options);
  const agents = await loadAuthority(config, options);
  const keyring = makeKeyring(control, clock);
  const journal = startJournal({
    intake: pipeline.intake,
    clock,
    randomBytes,
    base: ownFields(options),
    reportOwnFinding: findings.reportOwnFinding,
  });
  releases.push(() => journal.close());
  const people = makePeople({ control, clock, randomBytes });
  if (config.access === "open" && !(await people.isEmpty())) {
    await journal.record({
      kind: "access.sys_monitor_disabled",
      actor: "midwatch serve",
      outcome: "success",
      severity: "warn",
      message: "The server was started with open access, though people are here: nobody has to sign in",
      attributes: { access: config.access },
    });
  }
  const ownerKey = makeOwnerKey(config.data, randomBytes);
  releases.push(() => ownerKey.remove());
  const erasures = makeErasures({ ...sealed, events, control, clock, randomBytes });
  const finished = await erasures.finish();
  if (finished > 0) log("warn", `${finished} erasures that were broken off are done now`);
  const server = await makeServer({
    watch,
    intake: counted.intake,
    ingest: counted.figures,
    events: {
      ...events,
      deleteSample: async () => {
        await stateSampleGoes(sealed);
        await events.deleteSample();
      },
    },
    ledger: publicLedger(sealed),
    erasures,
    control,
    access: makeAccess({
      mode: config.access,
      keyring,
      people,
      passkeys: makePasskeys(control, clock),
      ownerKey,
      hostname: options.hostname,
      secure: tls !== undefined,
      provider: loadProvider(config, { control, clock, randomBytes }),
    }),
    keyring,
    journal,
    retention,
    examine: async () =>
      await examine({
        config,
        control,
        events,
        tls,
        clock,
        channels: watch.channels().length,
        retentionDays: retention.days,
      }),
    status,
    redaction: tried.rules,
    clock,
    randomBytes,
    pageDirectory: options.pageDirectory ?? root("web/dist"),
    sampleFile: options.sampleFile ?? root("playground/sample/day.ndjson.gz"),
    ...(tls && { tls }),
    ...(agents && { agents }),
    ...(config["oidc.page"] !== "" && { pageAddress: config["oidc.page"] }),
    hosts: [...config.hosts, options.hostname.toLowerCase()],
    ...(options.patience && { patience: options.patience }),
    ...(options.tailBeatMs !== undefined && { tailBeatMs: options.tailBeatMs }),
    version,
    report: log,
  });
  releases.push(() => server.close());
  const address = reachable(await listen(server, config.listen), options.hostname);
  const jobs = startOwnJobs({
    jobs: [...ownJobs({ control, events, spool, clock, dataDirectory: config.data }), ...ledgerJobs(sealed)],
    events: own,
    clock,
    randomBytes,
    report: (message) => log("error", message),
  });
  releases.push(() => jobs.close());
  log("info", `Midwatch ${version} listens on ${address}; its data is in ${config.data}`);
  const firstLink =
    config.access === "people" && (await people.isEmpty())
      ? `${address}/join#${await people.invite({ kind: "first", role: "administrator", madeBy: "midwatch serve" })}`
      : undefined;
  return {
    address,
    events,
    control,
    settled: () => inserter.idle(),
    ...(firstLink && { firstLink }),
    ...(tls && { fingerprint: tls.fingerprint }),
  };
}

/** An address that somebody can open, where the server listens on all of them. */
function reachable(address: string, hostname: string): string {
  return address.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, `//${hostname}`);
}

type Listening = { listen: (at: { host: string; port: number }) => Promise<string> };

async function listen(server: Listening, { host, port }: Config["listen"]): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const because =
      code === "EADDRINUSE"
        ? "another program listens there; stop it, or give --listen another port"
        : code === "EACCES"
          ? "this user may not use that port; give --listen one above 1023"
          : message;
    throw new CommandFailure("usage", `cannot listen on ${host}:${port}: ${because}`, { cause });
  }
}

function retentionOf(config: Config) {
  return {
    jobs: config["retention.jobs"],
    logs: config["retention.logs"],
    http: config["retention.http"],
    audit: config["retention.audit"],
  };
}

function ownFields({ config, hostname, pid }: ServerOptions) {
  return {
    service: "midwatch",
    runtime: "midwatch",
    environment: config.environment,
    host: hostname,
    release: version,
    worker: `${hostname}:${pid}:${startTicksOf(pid) ?? 0}`,
  };
}

function reportEngine(log: OwnLog, notice: EngineNotice): void {
  if (notice.kind === "started") log("debug", `The engine runs as process ${notice.pid}`);
  else log("error", `The engine ended and is started again in ${notice.restartMs} ms: ${notice.because}`);
}

/** An outage is told once, and once when it is over. */
function reportInserter(log: OwnLog): (notice: InserterNotice) => void {
  let waiting = false;
  return (notice) => {
    if (notice.kind === "rejected") {
      log(
        "error",
        `A batch cannot be read by the engine and was set aside: ${notice.file.path}: ${notice.because}`,
      );
    } else if (notice.kind === "waiting") {
      if (!waiting) log("warn", `Batches wait in the spool: ${notice.because}`);
      waiting = true;
    } else {
      if (waiting) log("info", "Batches are inserted again");
      waiting = false;
    }
  };
}
