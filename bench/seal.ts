/**
 * What sealing adds to an event on its way in, what it leaves on the disk, and how fast everything
 * is verified again from the store. Goals: 2 µs and 1 byte an event, 200,000 events a second.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SafeBatch } from "../src/model/batch.ts";
import { readNdjson } from "../src/receive/ndjson.ts";
import { createWorkspace } from "../src/receive/rows.ts";
import { canonicalEvent } from "../src/seal/canonical.ts";
import { Ledger } from "../src/seal/ledger.ts";
import { createSigner } from "../src/seal/note.ts";
import { createSealer, unpackSeal } from "../src/seal/sealer.ts";
import { verifyLedger } from "../src/seal/verify.ts";
import { type EngineClient, engineClient } from "../src/store/engine/client.ts";
import { startEngine } from "../src/store/engine/supervisor.ts";
import { retentionDefault } from "../src/store/events/retention.ts";
import { openEventStore } from "../src/store/events/store.ts";
import { createBlockBuffer, encodeNative } from "../src/store/native.ts";
import { engineBytes, storedSegments } from "../src/store/segment-rows.ts";
import { corpusBatches } from "./corpus.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "what sealing costs an event, in time and on the disk, and how fast it is verified";

/** As the agent sends them. */
const batchEvents = 5000;
const eventsFull = 2_000_000;
const eventsQuick = 400_000;
const stepMicros = 100;
const signer = createSigner("bench.example/midwatch", new Uint8Array(32).fill(1));

export async function run({ quick, directory }: BenchOptions): Promise<BenchResult> {
  const events = quick ? eventsQuick : eventsFull;
  const engine = await startEngine({ directory: join(directory, "engine") });
  const client = engineClient(engine);
  try {
    const store = await openEventStore({ client, retention: retentionDefault });
    const folder = join(directory, "ledger");
    const memoryPath = join(directory, "ledger.head");
    const ledger = new Ledger({ directory: folder, memoryPath, signer, now: Date.now });
    const batchUs = await load(events, directory, ledger, (path, token) =>
      store.insert({ token, files: [path] }),
    );
    await ledger.publish();
    const sealMs = batchUs.reduce((sum, us) => sum + us * batchEvents, 0) / 1000;
    const { ledgerBytes, columnBytes } = {
      ledgerBytes: bytesBelow(folder),
      columnBytes: await bytesOfColumns(client),
    };

    await untilMerged(client);
    const startedMs = performance.now();
    const started = process.threadCpuUsage();
    const verdict = await verifyLedger({
      source: ledger.source,
      events: storedSegments(engineBytes(engine.socketPath)),
      verifier: signer,
    });
    const verifyMs = performance.now() - startedMs;
    const verifyCpuMs = cpuMsSince(started);
    assert.deepEqual(verdict.findings, []);
    assert.equal(verdict.events, events);
    await ledger.close();
    await store.close();

    const bareUs = bareHashMicros();
    const figures = {
      us_per_event: round((sealMs * 1000) / events),
      us_per_event_quickest_tenth: round(batchUs.toSorted((a, b) => a - b)[batchUs.length / 10] ?? 0),
      verified_events_per_second: Math.round((events * 1000) / verifyMs),
      verify_cpu_us_per_event: round((verifyCpuMs * 1000) / events),
      bare_sha256_us_per_event: round(bareUs),
      disk_bytes_per_event: round((ledgerBytes + columnBytes) / events),
    };
    const segments = verdict.segments;
    return {
      figures,
      lines: [
        `${events} events in ${segments} segments, ${Math.round(events / segments)} events each`,
        `sealing      ${figures.us_per_event} µs of processor an event; ${figures.us_per_event_quickest_tenth} in the tenth of the batches that others on the machine disturbed least`,
        `verifying    ${figures.verified_events_per_second} events a second, read from the store; ${figures.verify_cpu_us_per_event} µs of processor an event beside the engine's`,
        `bare SHA-256 ${figures.bare_sha256_us_per_event} µs of processor an event, one call over all canonical bytes: verifying costs ${round(verifyCpuMs / events / (bareUs / 1000))} times that, sealing ${round(sealMs / events / (bareUs / 1000))} times`,
        `on the disk  ${figures.disk_bytes_per_event} bytes an event: ledger ${round(ledgerBytes / events)}, columns ${round(columnBytes / events)}`,
      ],
    };
  } finally {
    await engine.close();
  }
}

/** A store that is verified has rarely been filled this second: the engine's merging is no part of it. */
async function untilMerged(client: EngineClient): Promise<void> {
  for (let looks = 0; looks < 120; looks++) {
    const [merging] = await client.rows<{ count: number }>(
      "SELECT toUInt32(count()) AS count FROM system.merges",
      {},
    );
    if (merging?.count === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error("the engine did not finish merging within a minute");
}

/** Of this thread: other programs on the machine do not count. */
function cpuMsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Gives the microseconds of processor an event that sealing alone took, of each batch. */
async function load(
  events: number,
  directory: string,
  ledger: Ledger,
  insert: (path: string, token: string) => Promise<void>,
): Promise<readonly number[]> {
  const spool = join(directory, "spool");
  mkdirSync(spool);
  const workspace = createWorkspace();
  const block = createBlockBuffer();
  const seal = createSealer(1, randomBytes);
  const chunk = 200_000;
  const fromMs = Date.now() - 3_600_000;
  const batchUs: number[] = [];
  for (let first = 0; first < events; first += chunk) {
    const options = {
      seed: first + 1,
      events: chunk,
      batchEvents,
      // One bulk stream: time goes on from chunk to chunk.
      fromMs: fromMs + (first * stepMicros) / 1000,
      stepMicros,
    };
    for (const [place, body] of corpusBatches(options).entries()) {
      const { batch, refused } = readNdjson(body, Date.now(), workspace);
      assert.equal(refused, 0);
      const safe = batch as unknown as SafeBatch;
      const started = process.threadCpuUsage();
      const sealed = seal(safe);
      batchUs.push((cpuMsSince(started) * 1000) / safe.count);
      for (const segment of unpackSeal(sealed.seal)) ledger.appendSegment(segment);
      const name = `${first + place}`;
      writeFileSync(join(spool, name), encodeNative(safe, sealed, block));
      await insert(join(spool, name), name);
    }
    await ledger.publish();
  }
  return batchUs;
}

/** What the plainest hash over the same bytes takes, in the same run: nothing that verifies is faster. */
function bareHashMicros(): number {
  const [body] = corpusBatches({
    seed: 1,
    events: batchEvents,
    batchEvents,
    fromMs: Date.now() - 3_600_000,
    stepMicros,
  });
  const { batch } = readNdjson(body as Uint8Array, Date.now(), createWorkspace());
  const safe = batch as unknown as SafeBatch;
  const rows = Array.from({ length: safe.count }, (_, row) => canonicalEvent(safe, row));
  const bytes = Buffer.concat(rows.flatMap(({ header, content }) => [header, content]));
  const rounds = 40;
  const started = process.threadCpuUsage();
  for (let round = 0; round < rounds; round++) createHash("sha256").update(bytes).digest();
  assert.equal(rows.length, batchEvents);
  return (cpuMsSince(started) * 1000) / (rounds * rows.length);
}

export function bytesBelow(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => statSync(join(directory, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
}

/** What the two columns of a row's place take, after everything was merged. */
async function bytesOfColumns(client: EngineClient): Promise<number> {
  await client.run("OPTIMIZE TABLE events FINAL", "maintenance");
  const [row] = await client.rows<{ bytes: number }>(
    `SELECT toFloat64(sum(column_data_compressed_bytes)) AS bytes FROM system.parts_columns
     WHERE active AND table = 'events' AND column IN ('segment', 'segment_index') LIMIT 1`,
    {},
  );
  return row?.bytes ?? 0;
}
