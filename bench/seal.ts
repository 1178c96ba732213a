/**
 * What sealing adds to an event on its way in, what it leaves on the disk, and how fast everything
 * is verified again from the store. Goals: 2 µs and 1 byte an event, 200,000 events a second.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SafeBatch } from "../src/model/batch.ts";
import { readNdjson } from "../src/receive/ndjson.ts";
import { createWorkspace } from "../src/receive/rows.ts";
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
    const sealMs = await load(events, directory, ledger, (path, token) =>
      store.insert({ token, files: [path] }),
    );
    await ledger.publish();
    const { ledgerBytes, columnBytes } = {
      ledgerBytes: bytesBelow(folder),
      columnBytes: await bytesOfColumns(client),
    };

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

    const figures = {
      us_per_event: round((sealMs * 1000) / events),
      verified_events_per_second: Math.round((events * 1000) / verifyMs),
      verify_cpu_us_per_event: round((verifyCpuMs * 1000) / events),
      disk_bytes_per_event: round((ledgerBytes + columnBytes) / events),
    };
    const segments = verdict.segments;
    return {
      figures,
      lines: [
        `${events} events in ${segments} segments, ${Math.round(events / segments)} events each`,
        `sealing      ${figures.us_per_event} µs of processor an event`,
        `verifying    ${figures.verified_events_per_second} events a second, read from the store; ${figures.verify_cpu_us_per_event} µs of processor an event beside the engine's`,
        `on the disk  ${figures.disk_bytes_per_event} bytes an event: ledger ${round(ledgerBytes / events)}, columns ${round(columnBytes / events)}`,
      ],
    };
  } finally {
    await engine.close();
  }
}

/** Of this thread: other programs on the machine do not count. */
function cpuMsSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1000;
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** Gives the milliseconds of processor spent in sealing alone. */
async function load(
  events: number,
  directory: string,
  ledger: Ledger,
  insert: (path: string, token: string) => Promise<void>,
): Promise<number> {
  const spool = join(directory, "spool");
  mkdirSync(spool);
  const workspace = createWorkspace();
  const block = createBlockBuffer();
  const seal = createSealer(1, randomBytes);
  const chunk = 200_000;
  const fromMs = Date.now() - 3_600_000;
  let sealMs = 0;
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
      sealMs += cpuMsSince(started);
      for (const segment of unpackSeal(sealed.seal)) ledger.appendSegment(segment);
      const name = `${first + place}`;
      writeFileSync(join(spool, name), encodeNative(safe, sealed, block));
      await insert(join(spool, name), name);
    }
    await ledger.publish();
  }
  return sealMs;
}

function bytesBelow(directory: string): number {
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
