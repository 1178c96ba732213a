/**
 * Where people and programs come in: who they are, what they may, the record of their looks, and
 * the HTTP server that asks all of that before it answers.
 */
import { fileURLToPath } from "node:url";
import { makeAccess } from "../access/access.ts";
import { type Journal, startJournal } from "../access/journal.ts";
import { makeKeyring } from "../access/keyring.ts";
import { makePasskeys } from "../access/passkeys.ts";
import { makePeople, type People } from "../access/people.ts";
import type { Watch } from "../alert/parts.ts";
import type { ServerParts } from "../api/parts.ts";
import type { OverviewAnswer } from "../api/schemas.ts";
import { makeServer } from "../api/server.ts";
import { formatTime } from "../model/time.ts";
import { loadAuthority } from "./agent-authority.ts";
import type { Config } from "./config.ts";
import { makeErasures } from "./erasures.ts";
import { CommandFailure } from "./exit.ts";
import { countIntake } from "./intake-figures.ts";
import { makeOwnerKey } from "./owner-key.ts";
import { examine } from "./posture.ts";
import { loadProvider } from "./provider.ts";
import { ownFields, type ServerIntake } from "./server-intake.ts";
import { publicLedger, stateSampleGoes } from "./server-ledger.ts";
import type { Releases, ServerOptions } from "./server-process.ts";
import type { ServerStores } from "./server-stores.ts";
import type { ServerVoice } from "./server-voice.ts";
import { loadTls } from "./tls.ts";
import { version } from "./version.ts";

const root = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export type ServerDoors = {
  /** `http://127.0.0.1:4180` */
  readonly address: string;
  /** Where the first administrator comes in; absent where somebody has. */
  readonly firstLink?: string;
  /** Of the certificate, where the server has TLS. */
  readonly fingerprint?: string;
};

export async function openDoors(
  options: ServerOptions,
  stores: ServerStores,
  voice: ServerVoice,
  door: ServerIntake,
  watch: Watch,
  releases: Releases,
): Promise<ServerDoors> {
  const { config, clock, randomBytes, hostname } = options;
  const { control, events, retention } = stores;
  const startedTime = formatTime(Math.floor(clock() * 1000));
  const tls = await loadTls(config, options);
  const agents = await loadAuthority(config, options);
  const people = makePeople({ control, clock, randomBytes });
  const journal = startJournal({
    intake: door.intake,
    clock,
    randomBytes,
    base: ownFields(options),
    reportOwnFinding: voice.findings.reportOwnFinding,
  });
  releases.push(() => journal.close());
  await recordOpenAccess(config, people, journal);
  const { intake, figures } = countIntake(door.intake, clock, stores.lagMs);
  const server = await makeServer({
    watch,
    intake,
    ingest: figures,
    events: {
      ...events,
      deleteSample: async () => {
        await stateSampleGoes(door.sealed);
        await events.deleteSample();
      },
    },
    ledger: publicLedger(door.sealed),
    erasures: await openErasures(options, stores, voice, door),
    control,
    ...openAccess(options, stores, people, tls !== undefined, releases),
    journal,
    retention,
    examine: async () => {
      const channels = watch.channels().length;
      return await examine({
        config,
        control,
        events,
        tls,
        clock,
        channels,
        retentionDays: retention.days,
      });
    },
    status: statusOf(config, stores, door, startedTime),
    redaction: door.redaction,
    clock,
    randomBytes,
    pageDirectory: options.pageDirectory ?? root("web/dist"),
    sampleFile: options.sampleFile ?? root("playground/sample/day.ndjson.gz"),
    ...(tls && { tls }),
    ...(agents && { agents }),
    ...(config["oidc.page"] !== "" && { pageAddress: config["oidc.page"] }),
    hosts: [...config.hosts, hostname.toLowerCase()],
    ...(options.patience && { patience: options.patience }),
    ...(options.tailBeatMs !== undefined && { tailBeatMs: options.tailBeatMs }),
    version,
    report: voice.log,
  });
  releases.push(() => server.close());
  const address = reachable(await listen(server, config.listen), hostname);
  const isFirst = config.access === "people" && (await people.isEmpty());
  return {
    address,
    ...(isFirst && { firstLink: await firstLinkTo(address, people) }),
    ...(tls && { fingerprint: tls.fingerprint }),
  };
}

function openAccess(
  { config, clock, randomBytes, hostname }: ServerOptions,
  { control }: ServerStores,
  people: People,
  secure: boolean,
  releases: Releases,
): Pick<ServerParts, "access" | "keyring"> {
  const keyring = makeKeyring(control, clock);
  const ownerKey = makeOwnerKey(config.data, randomBytes);
  releases.push(() => ownerKey.remove());
  const access = makeAccess({
    mode: config.access,
    keyring,
    people,
    passkeys: makePasskeys(control, clock),
    ownerKey,
    hostname,
    secure,
    provider: loadProvider(config, { control, clock, randomBytes }),
  });
  return { access, keyring };
}

async function openErasures(
  { clock, randomBytes }: ServerOptions,
  { events, control }: ServerStores,
  { log }: ServerVoice,
  { sealed }: ServerIntake,
): Promise<ServerParts["erasures"]> {
  const erasures = makeErasures({ ...sealed, events, control, clock, randomBytes });
  const finished = await erasures.finish();
  if (finished > 0) log("warn", `${finished} erasures that were broken off are done now`);
  return erasures;
}

function statusOf(
  config: Config,
  { spool, isEngineUp, retention }: ServerStores,
  { sealed: { ledger, verified } }: ServerIntake,
  startedTime: string,
): () => Promise<OverviewAnswer["server"]> {
  return async () => {
    const { files, bytes } = spool.counts();
    return {
      version,
      startedTime,
      spoolFiles: files,
      spoolBytes: bytes,
      engine: isEngineUp() ? "up" : "down",
      sealedEntries: ledger.head.size,
      ...(verified.atMs !== undefined && { verifiedTime: formatTime(Math.floor(verified.atMs * 1000)) }),
      dataDirectory: config.data,
      retentionDays: retention.days,
    };
  };
}

/** That nobody has to sign in where people are known is itself on record. */
async function recordOpenAccess({ access }: Config, people: People, journal: Journal): Promise<void> {
  if (access !== "open" || (await people.isEmpty())) return;
  await journal.record({
    kind: "access.sys_monitor_disabled",
    actor: "midwatch serve",
    outcome: "success",
    severity: "warn",
    message: "The server was started with open access, though people are here: nobody has to sign in",
    attributes: { access },
  });
}

async function firstLinkTo(address: string, people: People): Promise<string> {
  const secret = await people.invite({ kind: "first", role: "administrator", madeBy: "midwatch serve" });
  return `${address}/join#${secret}`;
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
