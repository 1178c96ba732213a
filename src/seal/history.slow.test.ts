/** Any history of a ledger keeps every earlier checkpoint consistent and every proof valid. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { test } from "node:test";
import { streams } from "../model/event.ts";
import { bundleEvents } from "./bundle.ts";
import { eraseEvent } from "./erase.ts";
import { folderSource } from "./head.ts";
import { Ledger } from "./ledger.ts";
import { type MadeLedger, madeSigner, makeLedger } from "./made.ts";
import { verifyConsistency } from "./merkle.ts";
import { cosignerMark, createSigner, openCheckpoint } from "./note.ts";
import { proveEvent, verifyProof } from "./proof.ts";
import { verifyLedger } from "./verify.ts";

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Step = (made: MadeLedger, random: () => number) => Promise<void> | void;

const witness = createSigner("witness.example/w", new Uint8Array(32).fill(2), cosignerMark);
let backups = 0;

const kinds = ["log", "job.started", "http.request", "audit.action"];

const steps: readonly Step[] = [
  (made, random) =>
    made.add(
      Array.from({ length: 1 + Math.floor(random() * 20) }, () => kinds[Math.floor(random() * 4)] as string),
    ),
  (made, random) => {
    for (let batch = 0; batch < random() * 120; batch++) made.add(["log"]);
  },
  async (made) => void (await made.ledger.publish()),
  async (made, random) => {
    const event = made.events[Math.floor(random() * made.events.length)];
    if (event === undefined) return;
    const rows = made.rows(event.segment, event.segment + 1);
    await eraseEvent(made.ledger, rows, {
      ...event,
      actor: "alice",
      approver: "bob",
      reason: "it held a password",
    });
    made.events = made.events.filter((one) => one !== event);
  },
  (made, random) => {
    const stream = streams[Math.floor(random() * 4)] as (typeof streams)[number];
    const beforeMicros = (made.nowMs - 30 * 60_000) * 1000;
    made.ledger.appendStatement({
      type: "retain",
      atMicros: made.nowMs * 1000,
      stream,
      beforeMicros,
      policy: "30 minutes",
    });
    const gone = new Set<number>();
    for (let index = 0; index < made.ledger.size; index++) {
      const entry = made.ledger.entry(index);
      if (entry.type === "segment" && entry.stream === stream && entry.untilMicros < beforeMicros)
        gone.add(entry.number);
    }
    made.events = made.events.filter(({ segment }) => !gone.has(segment));
  },
  // A backup, verified where it lies, with what a witness saw.
  async (made, random) => {
    const name = `backup-${Math.floor(random() * 2 ** 32)}`;
    const directory = await made.export(name, witness);
    const verdict = await verifyLedger({
      source: folderSource(directory),
      events: bundleEvents(directory),
      verifier: madeSigner,
      witnesses: [witness],
    });
    assert.deepEqual(verdict.findings, []);
    backups += 1;
    rmSync(directory, { recursive: true });
  },
  // A crash: whatever was not published lies in the journal alone.
  async (made) => {
    await made.ledger.flush();
    made.ledger = new Ledger(made.options);
    made.ledger.appendStatement({ type: "start", atMicros: made.nowMs * 1000 });
  },
  // A restart in order.
  async (made) => {
    await made.ledger.close();
    made.ledger = new Ledger(made.options);
  },
];

async function check(made: MadeLedger, notes: readonly string[], proofs: readonly string[]): Promise<void> {
  const head = await made.ledger.publish();
  for (const note of notes) {
    const old = openCheckpoint(note, madeSigner);
    assert.ok(old);
    assert.ok(verifyConsistency(old.size, head.size, old.root, head.root, made.ledger.consistency(old.size)));
  }
  for (const proof of proofs) assert.equal(verifyProof(proof, madeSigner).proven, true);
  const verdict = await verifyLedger({
    source: made.ledger.source,
    events: async (from, until) => made.rows(from, until),
    verifier: madeSigner,
    pinned: notes,
  });
  assert.deepEqual(verdict.findings, []);
  assert.equal(verdict.events - verdict.erased, made.events.length);
}

test("150 random steps in each of 3 histories", async (context) => {
  for (let seed = 1; seed <= 3; seed++) {
    const random = seededRandom(seed);
    const made = makeLedger();
    context.after(() => made.remove());
    const notes: string[] = [];
    const proofs: string[] = [];
    for (let step = 0; step < 150; step++) {
      await (steps[Math.floor(random() * steps.length)] as Step)(made, random);
      // As a running server does: no silence is longer than two minutes.
      made.nowMs += Math.floor(random() * 60_000);
      made.ledger.beat();
      if (step % 20 !== 19) continue;
      await check(made, notes, proofs);
      notes.push(made.ledger.head.note);
      const event = made.events[Math.floor(random() * made.events.length)];
      if (event === undefined) continue;
      proofs.push(
        await proveEvent(
          made.ledger,
          made.rows(event.segment, event.segment + 1),
          event.segment,
          event.place,
        ),
      );
    }
    assert.ok(made.ledger.size > 256, `history ${seed} has ${made.ledger.size} entries`);
    assert.ok(notes.length === 7 && proofs.length >= 5);
    assert.ok(backups >= seed * 5, `${backups} backups were verified`);
    await made.ledger.close();
  }
});
