/**
 * What the doctor looks at: pure functions from facts about the running installation to checks, each
 * with the evidence by which it is known. The numbers are those of OWASP ASVS 5.0, whose chapter V16
 * is about logs.
 */
import type { AccessMode } from "./access.ts";

/** `bad` breaks a promise or a rule of the standard, `weak` could be better. */
export type CheckState = "good" | "weak" | "bad";

export type Check = {
  readonly id: string;
  /** Requirement of ASVS 5.0, where it is one. */
  readonly asvs?: string;
  readonly state: CheckState;
  /** What is so, in a sentence. */
  readonly sentence: string;
  /** By what it is known. */
  readonly evidence: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly advice?: string;
};

export type PostureFacts = {
  readonly nowMs: number;
  readonly access: AccessMode;
  readonly listen: { readonly host: string; readonly port: number; readonly isLoopback: boolean };
  readonly tls: { readonly mode: string; readonly endsMs?: number };
  readonly dataDirectory: string;
  /** Files and folders that others than their owner may read or write, at most a few. */
  readonly looseFiles: readonly string[];
  readonly filesSeen: number;
  readonly isRoot: boolean;
  readonly coreDumpBytesMax: string;
  readonly diskIsEncrypted: boolean | undefined;
  /** By Midwatch itself, whatever the disk is. */
  readonly dataIsEncrypted: boolean;
  readonly administrators: { readonly count: number; readonly withSecondProof: number };
  readonly hasProvider: boolean;
  readonly keys: {
    readonly good: number;
    readonly endless: readonly string[];
    readonly unused: readonly string[];
    readonly mayEverything: readonly string[];
  };
  readonly channels: number;
  readonly hasAnchors: boolean;
  readonly ledgerMemoryElsewhere: boolean;
  readonly retentionDays: Readonly<Record<string, number>>;
  /** Of the last 24 hours; `undefined` while the engine does not answer. */
  readonly audit: AuditFacts | undefined;
};

export type AuditFacts = {
  readonly events: number;
  readonly signIns: number;
  readonly failures: number;
  readonly refusals: number;
  readonly reads: number;
  /** Of the newest ones: how many were looked at, and how many lack who, when, where or what. */
  readonly sampled: number;
  readonly incomplete: number;
  readonly redactions: number;
  readonly services: readonly string[];
  readonly runtimes: readonly string[];
  /** Hosts whose clock differs from ours by more than a few seconds. */
  readonly skewedHosts: readonly string[];
};

type Judge = (facts: PostureFacts) => Check;

const dayMs = 86_400_000;
const auditDaysMin = 365;

export function posture(facts: PostureFacts): readonly Check[] {
  return judges.map((judge) => judge(facts));
}

const list = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}`;

function check(
  id: string,
  state: CheckState,
  said: Pick<Check, "sentence" | "evidence"> & { readonly advice?: string; readonly asvs?: string },
): Check {
  const { advice, ...rest } = said;
  return { id, state, ...rest, ...(state !== "good" && advice !== undefined && { advice }) };
}

const judges: readonly Judge[] = [
  ({ access }) =>
    check("access", access === "people" ? "good" : "bad", {
      asvs: "8.3.1",
      sentence:
        access === "people"
          ? "Nobody sees anything who is not known."
          : "Whoever reaches the server may do everything.",
      evidence: `access: ${access}`,
      advice: "Set `access: people`.",
    }),
  ({ listen, tls }) =>
    check("transport", tls.mode !== "off" || listen.isLoopback ? "good" : "bad", {
      asvs: "12.2.1",
      sentence:
        tls.mode !== "off"
          ? "What goes over the wire is encrypted."
          : listen.isLoopback
            ? "Nothing goes over a wire: the server listens on loopback alone."
            : "What goes over the wire can be read by whoever listens there.",
      evidence: `listen: ${listen.host}:${listen.port}, tls.mode: ${tls.mode}`,
      advice: "Set `tls.mode`, or make sure that only the proxy with TLS reaches this port.",
    }),
  ({ tls, nowMs }) => {
    const days = tls.endsMs === undefined ? undefined : Math.floor((tls.endsMs - nowMs) / dayMs);
    const state = days === undefined || days > 30 ? "good" : days > 0 ? "weak" : "bad";
    return check("certificate", state, {
      sentence:
        days === undefined
          ? "There is no certificate that could end."
          : `The certificate is good for ${days} days.`,
      evidence: tls.endsMs === undefined ? "tls.mode: off" : `it ends ${new Date(tls.endsMs).toISOString()}`,
      advice: "Renew it and start the server again.",
    });
  },
  ({ looseFiles, filesSeen, dataDirectory }) =>
    check("files", looseFiles.length === 0 ? "good" : "bad", {
      asvs: "16.4.2",
      sentence:
        looseFiles.length === 0
          ? "Only their owner reads the data."
          : "Others can read or change some of the data.",
      evidence: looseFiles.length === 0 ? `${filesSeen} files below ${dataDirectory}` : list(looseFiles),
      advice: `chmod -R go= ${dataDirectory}`,
    }),
  ({ isRoot }) =>
    check("user", isRoot ? "weak" : "good", {
      sentence: isRoot
        ? "The server runs as root, and needs nothing that only root may."
        : "The server runs as a user without rights.",
      evidence: isRoot ? "user id 0" : "user id above 0",
      advice: "Run it as a user of its own, as deploy/midwatch.service does.",
    }),
  ({ coreDumpBytesMax }) =>
    check("core-dumps", coreDumpBytesMax === "0" ? "good" : "weak", {
      asvs: "13.3.2",
      sentence:
        coreDumpBytesMax === "0"
          ? "A crash leaves no memory on the disk."
          : "A crash may leave memory with secrets on the disk.",
      evidence: `limit of core files: ${coreDumpBytesMax}`,
      advice: "Set LimitCORE=0 in the unit, or `ulimit -c 0`.",
    }),
  ({ diskIsEncrypted, dataIsEncrypted, dataDirectory }) =>
    check("disk", dataIsEncrypted || diskIsEncrypted === true ? "good" : "weak", {
      asvs: "14.2.4",
      sentence: dataIsEncrypted
        ? "What is stored is encrypted, under a key that lies elsewhere."
        : diskIsEncrypted === true
          ? "The disk of the data is encrypted."
          : diskIsEncrypted === false
            ? "Neither what is stored nor the disk of the data is encrypted."
            : "What is stored is not encrypted, and it cannot be seen whether its disk is.",
      evidence: dataIsEncrypted
        ? `${dataDirectory}/encryption.json`
        : `no encryption.json, and the device that holds ${dataDirectory}`,
      advice:
        "Put the data directory on an encrypted volume (LUKS), or begin a new one with `encryption.key_file`.",
    }),
  ({ administrators, access }) => {
    const { count } = administrators;
    return check("administrators", count >= 2 ? "good" : count === 1 || access === "open" ? "weak" : "bad", {
      sentence:
        count === 0
          ? "No administrator can sign in yet."
          : count === 1
            ? "There is one administrator."
            : `There are ${count} administrators.`,
      evidence: `people with the role administrator: ${count}`,
      advice: "Make a second one: some things need two, and one may be away.",
    });
  },
  ({ administrators, hasProvider }) => {
    const { count, withSecondProof } = administrators;
    return check("second-proof", withSecondProof >= count ? "good" : "weak", {
      asvs: "6.3.3",
      sentence:
        withSecondProof >= count
          ? "No administrator signs in by a password alone."
          : `${count - withSecondProof} of ${count} administrators sign in by a password alone.`,
      evidence: `with codes, passkeys or the provider: ${withSecondProof}; a provider is ${hasProvider ? "" : "not "}set up`,
      advice: "Set up one-time codes under your account.",
    });
  },
  ({ keys }) => {
    const state = keys.mayEverything.length > 0 ? "weak" : "good";
    return check("keys-scope", state, {
      asvs: "8.2.1",
      sentence:
        state === "good" ? "No key may everything." : `Keys may everything: ${list(keys.mayEverything)}.`,
      evidence: `${keys.good} good keys`,
      advice: "Give machines the scope that they need, and no more.",
    });
  },
  ({ keys }) =>
    check("keys-end", keys.endless.length === 0 ? "good" : "weak", {
      asvs: "13.2.3",
      sentence:
        keys.endless.length === 0 ? "All keys end some day." : `Keys that never end: ${list(keys.endless)}.`,
      evidence: `${keys.good} good keys`,
      advice: "Rotate them: `midwatch keys rotate ID`, and make new ones with --expires.",
    }),
  ({ keys }) =>
    check("keys-unused", keys.unused.length === 0 ? "good" : "weak", {
      sentence:
        keys.unused.length === 0
          ? "All keys are in use."
          : `Keys that nobody has used for 90 days: ${list(keys.unused)}.`,
      evidence: `${keys.good} good keys`,
      advice: "Revoke what nobody uses.",
    }),
  ({ channels }) =>
    check("told", channels > 0 ? "good" : "weak", {
      sentence: channels > 0 ? "People are told of incidents." : "Nobody is told of incidents.",
      evidence: `${channels} channels`,
      advice: "Name channels in the file of `alerts`; see docs/guides/watch.md.",
    }),
  ...logJudges(),
];

/** Chapter V16: what is logged, how, and how it is kept. */
function logJudges(): readonly Judge[] {
  const unknown = "The engine does not answer, so this is not known.";
  const audited = (
    id: string,
    asvs: string,
    judge: (
      audit: AuditFacts,
      facts: PostureFacts,
    ) => Omit<Parameters<typeof check>[2], "asvs"> & { readonly state: CheckState },
  ): Judge => {
    return (facts) => {
      if (!facts.audit) return check(id, "weak", { asvs, sentence: unknown, evidence: "no answer" });
      const { state, ...said } = judge(facts.audit, facts);
      return check(id, state, { asvs, ...said });
    };
  };
  return [
    audited("log-inventory", "16.1.1", ({ services, runtimes }, { retentionDays }) => ({
      state: services.length > 1 ? "good" : "weak",
      sentence: `Logs come from ${services.length} services; how long each stream is kept is set.`,
      evidence: `services: ${list(services)}; runtimes: ${list(runtimes)}; days: ${Object.entries(
        retentionDays,
      )
        .map(([stream, days]) => `${stream} ${days}`)
        .join(", ")}`,
      advice: "Connect the applications: so far Midwatch watches itself alone.",
    })),
    audited("log-metadata", "16.2.1", ({ sampled, incomplete }) => ({
      state: sampled > 0 && incomplete === 0 ? "good" : sampled === 0 ? "weak" : "bad",
      sentence:
        incomplete === 0
          ? "Each look says who, when, from where and what."
          : `${incomplete} of the newest ${sampled} records lack who, when, where or what.`,
      evidence: `${sampled} records of the stream audit were looked at`,
    })),
    audited("log-clocks", "16.2.2", ({ skewedHosts }) => ({
      state: skewedHosts.length === 0 ? "good" : "weak",
      sentence:
        skewedHosts.length === 0
          ? "The clocks of all hosts agree with ours; times are UTC."
          : `Clocks are wrong on: ${list(skewedHosts)}.`,
      evidence: "time of the newest events beside the time at which they came",
      advice: "Let these hosts keep time by NTP.",
    })),
    audited("log-secrets", "16.2.5", ({ redactions }) => ({
      state: "good",
      sentence: "Secrets are taken out before anything is stored.",
      evidence: `${redactions} summaries of redaction in 24 hours`,
    })),
    audited("log-sign-ins", "16.3.1", ({ signIns, failures }) => ({
      state: "good",
      sentence: "Each sign-in and each failed one is recorded.",
      evidence: `${signIns} sign-ins and ${failures} failures in 24 hours`,
    })),
    audited("log-refusals", "16.3.2", ({ refusals, reads }) => ({
      state: "good",
      sentence: "Each look and each refusal is recorded; what cannot be recorded is not shown.",
      evidence: `${reads} looks and ${refusals} refusals in 24 hours`,
    })),
    ({ hasAnchors, ledgerMemoryElsewhere }) =>
      check("log-immutable", hasAnchors || ledgerMemoryElsewhere ? "good" : "weak", {
        asvs: "16.4.2",
        sentence: "What is stored is sealed: a change is found by `midwatch verify`.",
        evidence: `anchors: ${hasAnchors ? "set up" : "none"}; the ledger's memory lies ${ledgerMemoryElsewhere ? "elsewhere" : "beside the data"}`,
        advice:
          "Set `ledger.memory` on another disk, or an anchor, so that even all of it cannot be put back unseen.",
      }),
    ({ hasAnchors }) =>
      check("log-elsewhere", hasAnchors ? "good" : "weak", {
        asvs: "16.4.3",
        sentence: hasAnchors
          ? "The signed head of the ledger is kept elsewhere too."
          : "Nothing of the ledger is kept elsewhere.",
        evidence: `ledger.anchors: ${hasAnchors ? "set" : "none"}`,
        advice: "Name anchors; see docs/guides/anchors.md.",
      }),
    ({ retentionDays }) =>
      check("log-retention", (retentionDays["audit"] ?? 0) >= auditDaysMin ? "good" : "weak", {
        sentence: `Who looked at what is kept for ${retentionDays["audit"] ?? 0} days.`,
        evidence: `retention.audit: ${retentionDays["audit"] ?? 0}`,
        advice: "Keep the stream audit for a year at least (PCI DSS 10.5.1).",
      }),
  ];
}
