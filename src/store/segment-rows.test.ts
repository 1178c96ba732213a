/** Events come back from the engine, and from the spool before that, in the bytes that were sealed. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { SafeBatch } from "../model/batch.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { canonicalEvent } from "../seal/canonical.ts";
import { createSealer } from "../seal/sealer.ts";
import { StoreUnreadable } from "../seal/segment-check.ts";
import { engineClient } from "./engine/client.ts";
import { type EngineProcess, startEngine } from "./engine/supervisor.ts";
import { retentionDefault } from "./events/retention.ts";
import { openEventStore } from "./events/store.ts";
import { encodeNative } from "./native.ts";
import { engineBytes, removeStoredEvent, storedOrWaiting } from "./segment-rows.ts";
import type { EventStore } from "./store.ts";

type Vectors = { readonly segments: readonly { readonly events: readonly { readonly line: string }[] }[] };

let directory: string;
let engine: EngineProcess;
let store: EventStore;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "midwatch-segments-"));
  engine = await startEngine({ directory: join(directory, "engine") });
  store = await openEventStore({ client: engineClient(engine), retention: retentionDefault });
});

after(async () => {
  await store.close();
  await engine.close();
  rmSync(directory, { recursive: true });
});

/** The golden lines, with every field that there is, and some that are alike. */
function sealedGolden(): { readonly native: Uint8Array; readonly expected: ReadonlyMap<string, string> } {
  const file = new URL("../../contract/ledger/vectors.json", import.meta.url);
  const { segments } = JSON.parse(readFileSync(file, "utf8")) as Vectors;
  const lines = segments.flatMap(({ events }) => events.map(({ line }) => line));
  const { batch } = readNdjson(Buffer.from(lines.join("\n")), Date.now());
  assert.equal(batch.count, 17);
  const safe = batch as unknown as SafeBatch;
  const sealed = createSealer(1, randomBytes)(safe);
  const expected = new Map<string, string>();
  for (let row = 0; row < batch.count; row++) {
    expected.set(`${sealed.segments[row]}:${sealed.segmentPlaces[row]}`, bytesOf(canonicalEvent(batch, row)));
  }
  return { native: encodeNative(safe, sealed).slice(), expected };
}

function bytesOf({ header, content }: { readonly header: Uint8Array; readonly content: Uint8Array }): string {
  return `${Buffer.from(header).toString("hex")} ${Buffer.from(content).toString("hex")}`;
}

async function stored(from: number, until: number): Promise<ReadonlyMap<string, string>> {
  const source = storedOrWaiting(engineBytes(engine.socketPath), { directory: join(directory, "spool") });
  const rows = await source(from, until);
  const found = new Map<string, string>();
  for (let row = 0; row < rows.count; row++) {
    const bytes = bytesOf({ header: rows.header(row), content: rows.content(row) });
    found.set(`${rows.segments[row]}:${rows.places[row]}`, bytes);
  }
  assert.equal(found.size, rows.count);
  return found;
}

test("events waiting in the spool, and then stored, have the bytes that were sealed", async () => {
  const { native, expected } = sealedGolden();
  mkdirSync(join(directory, "spool"));
  const file = join(directory, "spool", "batch.native");
  writeFileSync(file, native);
  assert.deepEqual(await stored(0, 100), expected);

  await store.insert({ token: "batch", files: [file] });
  assert.deepEqual(await stored(0, 100), expected);
  rmSync(file);
  assert.deepEqual(await stored(0, 100), expected);
  assert.deepEqual(
    [...(await stored(2, 3)).keys()].every((place) => place.startsWith("2:")),
    true,
  );
});

test("an erased event is gone from the store, and its neighbours are not", async () => {
  const ask = engineBytes(engine.socketPath);
  const before = await stored(0, 100);
  const id = "0199a1b2-c3d4-7e5f-8a6b-000000000010";
  const [where] =
    [...before].find(([, bytes]) => bytes.startsWith(`01${id.replaceAll("-", "")}`)) ?? assert.fail();
  const [segment = 0, place = 0] = where.split(":").map(Number);
  await removeStoredEvent(ask, id, segment, place);
  const now = await stored(0, 100);
  assert.equal(now.size, before.size - 1);
  assert.equal(now.has(where), false);
});

test("a file that the engine finds damaged is told apart from an engine that is busy", async () => {
  const ask = engineBytes(engine.socketPath);
  const where = "SELECT path FROM system.parts WHERE active AND table = 'events' AND rows > 0 FORMAT TSV";
  const paths = Buffer.from(await ask(where, {}))
    .toString()
    .trim()
    .split("\n");
  assert.ok((await stored(0, 100)).size > 0);
  for (const path of paths) {
    const names = readdirSync(path).filter((name) => /^(data|message)\.bin$/.test(name));
    assert.equal(names.length, 1);
    const file = join(path, names[0] as string);
    const bytes = readFileSync(file);
    for (let at = 20; at < bytes.length; at += 32) bytes[at] = (bytes[at] as number) ^ 1;
    writeFileSync(file, bytes);
  }
  await assert.rejects(stored(0, 100), (error) => {
    assert.ok(error instanceof StoreUnreadable);
    assert.match(error.message, /corrupted|Checksum/);
    return true;
  });
  const busy = ask("SELECT sleep(3) SETTINGS max_execution_time = 1 FORMAT Native", {});
  await assert.rejects(busy, (error) => error instanceof Error && !(error instanceof StoreUnreadable));
});
