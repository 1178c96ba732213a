/**
 * A hundred hosts with little to say: what their small batches leave in the ledger, and how many of
 * them wait at the same moment, which is how many could share a segment without waiting longer.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { openLedger } from "../src/cli/ledger.ts";
import { type Pipeline, startPipeline } from "../src/cli/pipeline.ts";
import { openSqliteControl } from "../src/store/control/sqlite.ts";
import { openSpool } from "../src/store/spool.ts";
import { corpusBatches } from "./corpus.ts";
import type { BenchOptions, BenchResult } from "./run.ts";
import { bytesBelow } from "./seal.ts";

export const about = "what a hundred senders of small batches cost the ledger";

const senders = 100;
const batchEvents = 10;
const everyMs = 1000;
const secondsFull = 30;
const secondsQuick = 8;

export async function run({ quick, directory }: BenchOptions): Promise<BenchResult> {
  const seconds = quick ? secondsQuick : secondsFull;
  const spool = await openSpool({ directory: join(directory, "spool"), bytesMax: 1e9, filesMax: 1e6 });
  const control = openSqliteControl(join(directory, "control.sqlite"));
  const ledger = openLedger(directory, "", { clock: Date.now, randomBytes, hostname: "bench" });
  await ledger.publish();
  const before = { entries: ledger.size, bytes: bytesBelow(join(directory, "ledger")) };
  const pipeline = startPipeline({ spool, control, ledger, clock: Date.now });

  const { besideMean, tookMsMean } = await sendAll(pipeline, seconds);
  await pipeline.close();
  await ledger.publish();
  const batches = senders * seconds;
  const entries = ledger.size - before.entries;
  const bytes = bytesBelow(join(directory, "ledger")) - before.bytes;
  await ledger.close();
  await control.close();

  const figures = {
    entries_per_batch: round(entries / batches),
    ledger_bytes_per_entry: round(bytes / entries),
    beside_mean: round(besideMean),
    answer_ms_mean: round(tookMsMean),
  };
  return {
    figures,
    lines: [
      `${batches} batches of ${batchEvents} events from ${senders} senders, one a second each`,
      `entries      ${entries}, ${figures.entries_per_batch} a batch, ${figures.ledger_bytes_per_entry} bytes of ledger each`,
      `at once      ${figures.beside_mean} other batches under way when one comes; it is answered after ${figures.answer_ms_mean} ms`,
    ],
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function sendAll(
  pipeline: Pipeline,
  seconds: number,
): Promise<{ readonly besideMean: number; readonly tookMsMean: number }> {
  const events = senders * seconds * batchEvents;
  const fromMs = Date.now() - 3_600_000;
  const bodies = [...corpusBatches({ seed: 1, events, batchEvents, fromMs, stepMicros: 100 })];
  let underWay = 0;
  let beside = 0;
  let tookMs = 0;
  const send = async (sender: number): Promise<void> => {
    await pause((sender * everyMs) / senders);
    for (let turn = 0; turn < seconds; turn++) {
      const body = new Uint8Array(bodies[sender * seconds + turn] as Uint8Array);
      const startedMs = performance.now();
      beside += underWay++;
      const request = { source: `host-${sender}`, batchId: `${turn}`, encoding: "identity", body } as const;
      const { accepted } = await pipeline.intake(request);
      assert.equal(accepted, batchEvents);
      underWay--;
      tookMs += performance.now() - startedMs;
      await pause(Math.max(0, everyMs - (performance.now() - startedMs)));
    }
  };
  await Promise.all(Array.from({ length: senders }, (_, sender) => send(sender)));
  const batches = senders * seconds;
  return { besideMean: beside / batches, tookMsMean: tookMs / batches };
}
