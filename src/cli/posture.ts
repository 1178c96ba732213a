/** Gathers what the doctor judges: settings, files, people, keys, and what was recorded. */
import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { AuditFacts, Check, PostureFacts } from "../access/posture.ts";
import { posture } from "../access/posture.ts";
import { isLoopbackHost } from "../api/guard.ts";
import type { AccessKind } from "../model/event.ts";
import { parseTime } from "../model/time.ts";
import type { ControlStore, EventStore } from "../store/store.ts";
import { type Config, urlHost } from "./config.ts";
import { dataKeyFile } from "./encryption.ts";
import type { ServerTls } from "./tls.ts";

const dayMs = 86_400_000;
const unusedMs = 90 * dayMs;
const filesMax = 5000;
const skewMicrosMax = 10_000_000;
const sampleRows = 200;

export type PostureParts = {
  readonly config: Config;
  readonly control: ControlStore;
  readonly events: EventStore;
  readonly tls: ServerTls | undefined;
  readonly clock: () => number;
  readonly channels: number;
  readonly retentionDays: Readonly<Record<string, number>>;
};

export async function examine(parts: PostureParts): Promise<readonly Check[]> {
  const { config, control, tls, clock, channels, retentionDays } = parts;
  const nowMs = clock();
  const people = (await control.people()).filter(({ disabledMs }) => disabledMs === undefined);
  const administrators = people.filter(({ role }) => role === "administrator");
  const facts: PostureFacts = {
    nowMs,
    access: config.access,
    listen: { ...config.listen, isLoopback: isLoopbackHost(urlHost(config.listen.host)) },
    tls: {
      mode: config["tls.mode"],
      ...(tls && { endsMs: new X509Certificate(tls.certificate).validToDate.getTime() }),
    },
    dataDirectory: config.data,
    ...filesOf(config.data),
    isRoot: statSync("/proc/self", { throwIfNoEntry: false })?.uid === 0,
    coreDumpBytesMax: coreLimit(),
    diskIsEncrypted: isOnEncryptedDisk(config.data),
    dataIsEncrypted: existsSync(join(config.data, dataKeyFile)),
    administrators: {
      count: administrators.length,
      withSecondProof: administrators.filter(
        ({ totp, passkeys = [], providerSubject }) =>
          totp?.confirmedMs !== undefined || passkeys.length > 0 || providerSubject !== undefined,
      ).length,
    },
    hasProvider: config["oidc.issuer"] !== "",
    keys: await keyFacts(control, nowMs),
    channels,
    hasAnchors: config["ledger.anchors"] !== "",
    ledgerMemoryElsewhere: config["ledger.memory"] !== "" && !config["ledger.memory"].startsWith(config.data),
    retentionDays,
    // Without the engine the rest is still worth saying.
    audit: await auditFacts(parts.events, nowMs).catch(() => undefined),
  };
  return posture(facts);
}

async function keyFacts(control: ControlStore, nowMs: number): Promise<PostureFacts["keys"]> {
  const good = (await control.keys()).filter(
    ({ revokedMs, expiresMs }) => revokedMs === undefined && (expiresMs === undefined || expiresMs > nowMs),
  );
  const names = (keys: typeof good): readonly string[] => keys.map(({ name }) => name);
  return {
    good: good.length,
    endless: names(good.filter(({ expiresMs }) => expiresMs === undefined)),
    unused: names(good.filter(({ lastUsedMs, createdMs }) => (lastUsedMs ?? createdMs) < nowMs - unusedMs)),
    mayEverything: names(good.filter(({ scopes }) => scopes.includes("admin"))),
  };
}

async function auditFacts(events: EventStore, nowMs: number): Promise<AuditFacts> {
  const untilMicros = Math.floor(nowMs * 1000) + 1;
  const range = { fromMicros: untilMicros - dayMs * 1000, untilMicros };
  const audit = { ...range, streams: ["audit"] as const };
  const [kinds, services, runtimes, newest, latest, redactions] = await Promise.all([
    events.fieldValues(audit, "kind", 100),
    events.fieldValues(range, "service", 100),
    events.fieldValues(range, "runtime", 100),
    events.events({ ...audit, order: "newest", limit: sampleRows }),
    events.events({ ...range, streams: ["jobs", "logs"], order: "newest", limit: sampleRows }),
    events.fieldValues({ ...range, kinds: ["redaction.summary"] }, "kind", 1),
  ]);
  const count = (...wanted: readonly AccessKind[]): number =>
    kinds.reduce((sum, { value, count: one }) => sum + (wanted.includes(value as AccessKind) ? one : 0), 0);
  return {
    events: kinds.reduce((sum, one) => sum + one.count, 0),
    signIns: count("access.authn_login_success"),
    failures: count("access.authn_login_fail", "access.authn_login_fail_max"),
    refusals: count("access.authz_fail"),
    reads: count("access.sensitive_read"),
    sampled: newest.rows.length,
    incomplete: newest.rows.filter(({ actor, host, message }) => !actor || !host || !message).length,
    redactions: redactions[0]?.count ?? 0,
    services: services.map(({ value }) => value).filter((value) => value !== ""),
    runtimes: runtimes.map(({ value }) => value).filter((value) => value !== ""),
    skewedHosts: [
      ...new Set(
        latest.rows.flatMap(({ host, time, received_time }) => {
          // What comes late was late on its way; what comes from the future is a clock.
          const aheadMicros = (parseTime(time) ?? 0) - (parseTime(received_time ?? time) ?? 0);
          return host !== undefined && aheadMicros > skewMicrosMax ? [host] : [];
        }),
      ),
    ],
  };
}

/** Everything but the engine's own files, which lie in a folder that only their owner opens. */
function filesOf(data: string): Pick<PostureFacts, "looseFiles" | "filesSeen"> {
  const loose: string[] = [];
  let seen = 0;
  const isPublic = (path: string): boolean => path.endsWith("/key.public");
  const look = (path: string): void => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined || seen >= filesMax) return;
    seen += 1;
    if ((found.mode & 0o077) !== 0 && !isPublic(path)) loose.push(path);
    if (!found.isDirectory() || path.endsWith("/engine")) return;
    for (const name of readdirSync(path)) look(join(path, name));
  };
  look(data);
  return { looseFiles: loose, filesSeen: seen };
}

function coreLimit(): string {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    return /^Max core file size +(\S+)/m.exec(limits)?.[1] ?? "unknown";
  } catch {
    return "unknown";
  }
}

/** Whether the device behind this path, or one below it, is a dm-crypt volume; `undefined` where Linux does not say. */
function isOnEncryptedDisk(path: string): boolean | undefined {
  try {
    const { dev } = statSync(path);
    const major = Number((BigInt(dev) >> 8n) & 0xfffn);
    const minor = Number((BigInt(dev) & 0xffn) | ((BigInt(dev) >> 12n) & 0xfff00n));
    return isCrypt(realpathSync(`/sys/dev/block/${major}:${minor}`));
  } catch {
    return undefined;
  }
}

function isCrypt(device: string): boolean {
  const part = statSync(join(device, "partition"), { throwIfNoEntry: false }) ? dirname(device) : device;
  const read = (file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch {
      return "";
    }
  };
  if (read(join(part, "dm", "uuid")).startsWith("CRYPT-")) return true;
  const below = statSync(join(part, "slaves"), { throwIfNoEntry: false })
    ? readdirSync(join(part, "slaves"))
    : [];
  return below.length > 0 && below.every((name) => isCrypt(realpathSync(join(part, "slaves", name))));
}
