/** Plays the threats of docs/guides/verify.md against a small ledger; both verifiers must report each. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { bundleEvents } from "./bundle.ts";
import { cosignedPath } from "./cosign.ts";
import type { SegmentEntry } from "./entries.ts";
import { eraseEvent } from "./erase.ts";
import type { Threat } from "./findings.ts";
import { folderSource } from "./head.ts";
import { Ledger, recoverLedger } from "./ledger.ts";
import { type MadeLedger, madeSigner, makeLedger } from "./made.ts";
import { cosignerMark, createSigner, formatVerifier, signCheckpoint, type Verifier } from "./note.ts";
import { packRecords, packSecret, unpackRecords, unpackSecret } from "./secrets.ts";
import { StoreUnreadable } from "./segment-check.ts";
import { type EventSource, type Verdict, verifyLedger } from "./verify.ts";

let made: MadeLedger;
/** Of the honest ledger, before its last batch and after it. */
let early: string;
let bundle: string;

before(async () => {
  made = makeLedger();
  made.add(["log", "log", "log", "job.started", "job.succeeded"]);
  made.add(["log", "audit.action"]);
  early = await made.export("early");
  made.add(["log", "log"]);
  bundle = await made.export("bundle");
});

after(async () => {
  await made.ledger.close();
  made.remove();
});

async function judge(
  directory: string,
  pinned: readonly string[] = [],
  verifier: Verifier = madeSigner,
  witnesses: readonly Verifier[] = [],
): Promise<Verdict> {
  const [source, events] = [folderSource(directory), bundleEvents(directory)];
  return verifyLedger({ source, events, verifier, pinned, witnesses });
}

const noteOf = (directory: string): string => readFileSync(join(directory, "checkpoint"), "utf8");

type Case = {
  readonly directory: string;
  readonly key: string;
  readonly pinned: readonly string[];
  readonly witnesses: readonly string[];
  readonly threat: Threat;
};
/** Played so far; the last test shows them all to the other verifier. */
const cases: Case[] = [];

async function assertReported(
  threat: Threat,
  directory: string,
  pinned: readonly string[] = [],
  verifier: Verifier = madeSigner,
  witnesses: readonly Verifier[] = [],
): Promise<Verdict> {
  const verdict = await judge(directory, pinned, verifier, witnesses);
  assert.equal(verdict.intact, false);
  assert.equal(verdict.findings[0]?.threat, threat, JSON.stringify(verdict.findings));
  const copy = join(made.data, `case-${cases.length}`);
  cpSync(directory, copy, { recursive: true });
  const witnessKeys = witnesses.map((witness) => formatVerifier(witness, cosignerMark));
  cases.push({ directory: copy, key: formatVerifier(verifier), pinned, witnesses: witnessKeys, threat });
  return verdict;
}

let copies = 0;

/** A copy whose events, as records of three, were changed. */
function withEvents(change: (events: Uint8Array[][]) => Uint8Array[][]): string {
  const copy = join(made.data, `attack-${copies++}`);
  cpSync(bundle, copy, { recursive: true });
  const path = join(copy, "events/000");
  const records = unpackRecords(new Uint8Array(readFileSync(path)));
  const events = Array.from({ length: records.length / 3 }, (_, at) => records.slice(at * 3, at * 3 + 3));
  writeFileSync(path, packRecords(change(events).flat()));
  return copy;
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

test("the honest bundle is intact and begins with its earlier checkpoint", async () => {
  const verdict = await judge(bundle, [noteOf(early)]);
  assert.deepEqual(verdict.findings, []);
  assert.equal(verdict.intact, true);
  assert.deepEqual([verdict.events, verdict.segments, verdict.size], [9, 5, 6]);
});

test("T1: a changed event is named", async () => {
  const copy = withEvents((events) => {
    events[1] = [events[1]?.[0], events[1]?.[1], flipped(events[1]?.[2] as Uint8Array, 5)] as Uint8Array[];
    return events;
  });
  const [finding] = (await assertReported("T1", copy)).findings;
  assert.deepEqual([finding?.segment, finding?.index], [1, 1]);
  assert.match(finding?.id ?? "", /^0199a1b2-/);
});

test("T1: a deleted and an inserted event are named", async () => {
  const shorter = withEvents((events) => events.toSpliced(2, 1));
  const [gone] = (await assertReported("T1", shorter)).findings;
  assert.deepEqual([gone?.segment, gone?.index], [2, 0]);
  const longer = withEvents((events) => events.toSpliced(3, 0, events[2] as Uint8Array[]));
  assert.match((await assertReported("T1", longer)).findings[0]?.because ?? "", /inserted/);
});

test("T1: a segment that the store cannot give back is named, and all others are proven", async () => {
  const stored = bundleEvents(bundle);
  const damaged: EventSource = (from, until) =>
    from <= 2 && until > 2 ? Promise.reject(new StoreUnreadable("checksum")) : stored(from, until);
  const verdict = await verifyLedger({
    source: folderSource(bundle),
    events: damaged,
    verifier: madeSigner,
  });
  assert.deepEqual(
    verdict.findings.map(({ threat, segment }) => [threat, segment]),
    [["T1", 2]],
  );
  assert.match(verdict.findings[0]?.because ?? "", /cannot be read: checksum/);
  assert.equal(verdict.intact, false);
  assert.equal(verdict.segments, 4);
  assert.match(verdict.findings[0]?.received?.[0] ?? "", /^\d{4}-/);

  const broken: EventSource = () => Promise.reject(new Error("the engine is gone"));
  const nothing = verifyLedger({ source: folderSource(bundle), events: broken, verifier: madeSigner });
  await assert.rejects(nothing, /the engine is gone/);
});

test("T2: a cut-off end, and an older state than somebody remembers", async () => {
  await assertReported(
    "T2",
    withEvents((events) => events.slice(0, -2)),
  );
  await assertReported("T2", early, [noteOf(bundle)]);
});

test("T3: two events that changed places", async () => {
  const copy = withEvents((events) => {
    const [first, second] = [events[2], events[4]] as [Uint8Array[], Uint8Array[]];
    [first[1], first[2], second[1], second[2]] = [second[1], second[2], first[1], first[2]] as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    return events;
  });
  await assertReported("T3", copy);
});

test("T4 and T5: another history of the same length, and one written anew, both with the stolen key", async (context) => {
  const other = makeLedger();
  context.after(() => other.remove());
  other.add(["log", "log", "log", "job.started", "job.succeeded"]);
  other.add(["log", "audit.action"]);
  const fork = await other.export("fork");
  await assertReported("T4", fork, [noteOf(early)]);
  other.add(["log"]);
  const anew = await other.export("anew");
  await assertReported("T5", anew, [noteOf(early)]);
  await other.ledger.close();
});

test("T2, T5 and T7: what a witness saw does not fit, or no witness saw it", async (context) => {
  const witness = createSigner("witness.example/w", new Uint8Array(32).fill(2), cosignerMark);
  const stranger = createSigner("witness.example/w", new Uint8Array(32).fill(4), cosignerMark);
  const seen = await made.export("seen", witness);
  assert.deepEqual((await judge(seen, [], madeSigner, [witness])).findings, []);
  await assertReported("T7", seen, [], madeSigner, [stranger]);
  await assertReported("T7", bundle, [], madeSigner, [witness]);
  const path = cosignedPath(witness);
  const moved = (from: string, to: string): string => {
    const copy = join(made.data, `attack-${copies++}`);
    cpSync(to, copy, { recursive: true });
    cpSync(join(from, path), join(copy, path), { recursive: true });
    return copy;
  };
  await assertReported("T2", moved(seen, early), [], madeSigner, [witness]);
  const other = makeLedger();
  context.after(() => other.remove());
  for (let batch = 0; batch < 9; batch++) other.add(["log"]);
  await assertReported("T5", moved(seen, await other.export("other")), [], madeSigner, [witness]);
  await other.ledger.close();
});

test("T7: what stands beyond the last segment is looked at in turn, and each event once", async () => {
  const beyond = (segments: readonly number[]): string =>
    withEvents((events) => {
      const [place, header, content] = events.at(-1) as [Uint8Array, Uint8Array, Uint8Array];
      const added = segments.map((segment, at) => {
        const own = Buffer.from(place);
        own.writeBigUInt64BE(BigInt(segment));
        own.writeUInt32BE(at, 8);
        return [own, header, content];
      });
      return [...events, ...added];
    });
  /** Verifies with two rows at a time; answers the segments that the ledger does not know. */
  async function strangersOf(directory: string, signedLater: readonly number[]): Promise<readonly number[]> {
    const asked: EventSource = async (from, until, rowsMax) => {
      const rows = await bundleEvents(directory)(from, until);
      return rowsMax === undefined
        ? rows
        : {
            ...rows,
            count: Math.min(rows.count, rowsMax),
            segments: Array.from(rows.segments).slice(0, rowsMax),
          };
    };
    const { findings } = await verifyLedger({
      source: folderSource(directory),
      events: asked,
      verifier: madeSigner,
      chunkEvents: 2,
      unsigned: () => signedLater.map((number) => ({ number }) as SegmentEntry),
    });
    assert.ok(findings.every(({ threat, because }) => threat === "T7" && /not sealed/.test(because)));
    return findings.map(({ segment }) => segment ?? 0);
  }
  const copy = beyond([100, 101, 101, 101, 102, 103]);
  assert.deepEqual(await strangersOf(copy, [100, 101, 102, 103]), []);
  assert.deepEqual(await strangersOf(copy, [100, 101, 102]), [103]);
  assert.deepEqual(await strangersOf(copy, [100, 101, 103]), [102]);
  assert.deepEqual(await strangersOf(copy, [101, 102, 103]), [100]);
  assert.deepEqual(await strangersOf(copy, [100, 102, 103]), [101, 101]);
});

test("T7: another key, no signature, an unsealed event, a missing seed", async () => {
  const stranger = createSigner(madeSigner.name, new Uint8Array(32));
  await assertReported("T7", bundle, [], stranger);
  const copy = withEvents((events) => events);
  writeFileSync(
    join(copy, "checkpoint"),
    signCheckpoint({ origin: stranger.name, size: 6, root: new Uint8Array(32) }, stranger),
  );
  await assertReported("T7", copy);
  const place = Buffer.alloc(12);
  place.writeBigUInt64BE(77n);
  await assertReported(
    "T7",
    withEvents((events) => [...events, [place, ...(events[0] as Uint8Array[]).slice(1)]]),
  );
  const seedless = withEvents((events) => events);
  const records = unpackRecords(new Uint8Array(readFileSync(join(seedless, "secrets/000"))));
  writeFileSync(join(seedless, "secrets/000"), packRecords(records.with(1, new Uint8Array(0))));
  await assertReported("T7", seedless);
});

test("T8: silence that no start explains", async (context) => {
  const silent = makeLedger();
  context.after(() => silent.remove());
  silent.add(["log"]);
  silent.nowMs += 10 * 60_000;
  silent.add(["log"]);
  await assertReported("T8", await silent.export("silent"));
  await silent.ledger.close();
});

test("T9: an erasure without a statement, and one whose content stayed", async (context) => {
  const copy = withEvents((events) => events.toSpliced(2, 1));
  const path = join(copy, "secrets/000");
  const records = unpackRecords(new Uint8Array(readFileSync(path)));
  const secret = unpackSecret(records[2] as Uint8Array);
  assert.ok(secret);
  const header = made.rows(2, 3).header(0);
  const tombstones = new Map([[0, { header, commitment: new Uint8Array(32) }]]);
  writeFileSync(
    path,
    packRecords(
      records.with(
        2,
        packSecret({
          salts: { depth: 2, nodes: [] },
          hints: secret.hints,
          places: secret.places,
          tombstones,
        }),
      ),
    ),
  );
  await assertReported("T9", copy);

  const kept = makeLedger();
  context.after(() => kept.remove());
  kept.add(["log", "log"]);
  const erasure = { segment: 1, place: 0, actor: "alice", approver: "bob", reason: "a password" };
  assert.equal(await eraseEvent(kept.ledger, kept.rows(1, 2), erasure), "erased");
  await assertReported("T9", await kept.export("kept"));
  kept.events.shift();
  assert.deepEqual((await judge(await kept.export("erased"))).findings, []);
  await kept.ledger.close();
});

test("a recovery from a backup is a roll-back to whoever remembers more, and intact to others", async (context) => {
  const old = makeLedger();
  context.after(() => old.remove());
  old.add(["log"]);
  await old.ledger.publish();
  const backup = `${old.options.directory}.backup`;
  cpSync(old.options.directory, backup, { recursive: true });
  const keptEvents = [...old.events];
  old.add(["log"]);
  const { note } = await old.ledger.publish();
  await old.ledger.close();
  rmSync(old.options.directory, { recursive: true });
  cpSync(backup, old.options.directory, { recursive: true });
  await recoverLedger(old.options, "alice", "the disk died");
  old.events = keptEvents;
  old.ledger = new Ledger(old.options);
  const recovered = await old.export("recovered");
  assert.deepEqual((await judge(recovered)).findings, []);
  assert.equal((await judge(recovered)).counts.gap, 1);
  await assertReported("T4", recovered, [note]);
  await old.ledger.close();
});

const judgeInPython = `
import json, sys
import verify
for case in json.load(sys.stdin):
    witnesses = [verify.parse_key(key, 4) for key in case["witnesses"]]
    found = verify.Verification(case["directory"], verify.parse_key(case["key"]), case["pinned"], witnesses)
    found.run()
    print(found.findings[0][:2] if found.findings else "intact", found.events)
`;

const withoutPython = spawnSync("python3", ["--version"]).status === 0 ? false : "there is no python3 here";

test("the verifier in Python says the same of every attack and of the honest bundle", {
  skip: withoutPython,
}, () => {
  const honest = {
    directory: bundle,
    key: formatVerifier(madeSigner),
    pinned: [noteOf(early)],
    witnesses: [],
  };
  const { stdout, stderr } = spawnSync("python3", ["-c", judgeInPython], {
    cwd: join(import.meta.dirname, "../../contract/ledger"),
    env: { PYTHONDONTWRITEBYTECODE: "1" },
    input: JSON.stringify([honest, ...cases]),
    encoding: "utf8",
  });
  const [first, ...threats] = stdout.trimEnd().split("\n");
  assert.equal(first, "intact 9", stderr);
  assert.equal(threats.length, 20);
  // It does not try exchanges: a reordering within a segment is a change to it.
  const expected = cases.map(({ threat }) => (threat === "T3" ? "T1" : threat));
  assert.deepEqual(
    threats.map((line) => line.slice(0, 2)),
    expected,
  );
});
