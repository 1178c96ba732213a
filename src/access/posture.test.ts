import assert from "node:assert/strict";
import { test } from "node:test";
import { type PostureFacts, posture } from "./posture.ts";

const good: PostureFacts = {
  nowMs: 1_800_000_000_000,
  access: "people",
  listen: { host: "0.0.0.0", port: 443, isLoopback: false },
  tls: { mode: "files", endsMs: 1_800_000_000_000 + 90 * 86_400_000 },
  dataDirectory: "/var/lib/midwatch",
  looseFiles: [],
  filesSeen: 30,
  isRoot: false,
  coreDumpBytesMax: "0",
  diskIsEncrypted: true,
  dataIsEncrypted: false,
  administrators: { count: 2, withSecondProof: 2 },
  hasProvider: true,
  keys: { good: 3, endless: [], unused: [], mayEverything: [] },
  channels: 1,
  hasAnchors: true,
  ledgerMemoryElsewhere: true,
  retentionDays: { jobs: 90, audit: 400 },
  audit: {
    events: 100,
    signIns: 3,
    failures: 1,
    refusals: 2,
    reads: 90,
    sampled: 100,
    incomplete: 0,
    redactions: 5,
    services: ["midwatch", "shop"],
    runtimes: ["delayed_job"],
    skewedHosts: [],
  },
};

test("an installation as it should be has nothing to change", () => {
  const checks = posture(good);
  assert.ok(checks.length > 18);
  assert.deepEqual(
    checks.filter(({ state }) => state !== "good"),
    [],
  );
  assert.equal(new Set(checks.map(({ id }) => id)).size, checks.length);
  for (const { sentence, evidence } of checks) assert.ok(sentence.endsWith(".") && evidence !== "", sentence);
  for (const number of ["16.1.1", "16.2.1", "16.2.2", "16.2.5", "16.3.1", "16.3.2", "16.4.2", "16.4.3"]) {
    assert.ok(
      checks.some(({ asvs }) => asvs === number),
      number,
    );
  }
});

test("each thing that is wrong is found by its own check, with advice", () => {
  const wrong: Readonly<Record<string, Partial<PostureFacts>>> = {
    access: { access: "open" },
    transport: { tls: { mode: "off" } },
    certificate: { tls: { mode: "files", endsMs: good.nowMs + 86_400_000 } },
    files: { looseFiles: ["/var/lib/midwatch/control.db"] },
    user: { isRoot: true },
    "core-dumps": { coreDumpBytesMax: "unlimited" },
    disk: { diskIsEncrypted: false },
    administrators: { administrators: { count: 0, withSecondProof: 0 } },
    "second-proof": { administrators: { count: 2, withSecondProof: 1 } },
    "keys-scope": { keys: { ...good.keys, mayEverything: ["robot"] } },
    "keys-end": { keys: { ...good.keys, endless: ["web-1"] } },
    "keys-unused": { keys: { ...good.keys, unused: ["web-0"] } },
    told: { channels: 0 },
    "log-elsewhere": { hasAnchors: false },
    "log-retention": { retentionDays: { audit: 30 } },
    "log-clocks": {
      audit: { ...(good.audit as NonNullable<PostureFacts["audit"]>), skewedHosts: ["web-9"] },
    },
  };
  for (const [id, facts] of Object.entries(wrong)) {
    const found = posture({ ...good, ...facts }).filter(({ state }) => state !== "good");
    assert.deepEqual(
      found.map((check) => check.id),
      [id],
    );
    assert.ok(found[0]?.advice, id);
  }
  assert.ok(posture({ ...good, audit: undefined }).some(({ sentence }) => /does not answer/.test(sentence)));
});
