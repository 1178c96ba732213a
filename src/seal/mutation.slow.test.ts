import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bundleEvents } from "./bundle.ts";
import { eraseEvent } from "./erase.ts";
import { folderSource } from "./head.ts";
import { madeSigner, makeLedger } from "./made.ts";
import { cosignerMark, createSigner } from "./note.ts";
import { unpackRecords, unpackSecret } from "./secrets.ts";
import { verifyLedger } from "./verify.ts";

test("every flipped byte of a small bundle is reported, or lies where nothing is sealed", async (context) => {
  const small = makeLedger();
  context.after(() => small.remove());
  small.add(["log", "log", "job.started"], { attributes: { a: [1, "é"] }, duration_ms: 2.5 });
  small.add(["log", "log"]);
  await eraseEvent(small.ledger, small.rows(3, 4), {
    segment: 3,
    place: small.events.at(-1)?.place ?? -1,
    actor: "a",
    approver: "b",
    reason: "c",
  });
  small.events.pop();
  const witness = createSigner("witness.example/w", new Uint8Array(32).fill(2), cosignerMark);
  const copy = await small.export("small", witness);
  await small.ledger.close();
  const files = readdirSync(copy, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(copy, name)).isFile())
    .sort();
  const unreported: string[] = [];
  let flips = 0;
  for (const name of files) {
    const path = join(copy, name);
    const bytes = new Uint8Array(readFileSync(path));
    for (let at = 0; at < bytes.length; at++) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x01;
      writeFileSync(path, flipped);
      flips++;
      const source = folderSource(copy);
      const events = bundleEvents(copy);
      const asked = { source, events, verifier: madeSigner, witnesses: [witness] };
      const verdict = await verifyLedger(asked).catch(() => undefined);
      if (verdict?.intact === true) unreported.push(`${name} ${at}`);
    }
    writeFileSync(path, bytes);
  }
  assert.ok(flips > 1500, `${flips} bytes were flipped`);
  // Secrets are not sealed: with them, or with others that do as well, every event still leads to a
  // signed root. What may change so are the hints, and lengths and depths that come out the same.
  assert.deepEqual(
    unreported.filter((place) => !place.startsWith("secrets/")),
    [],
  );
  const secrets = unpackRecords(new Uint8Array(readFileSync(join(copy, "secrets/000"))));
  const hintBytes = secrets.reduce((sum, bytes) => sum + (unpackSecret(bytes)?.hints.length ?? 0), 0);
  assert.ok(hintBytes > 0 && unreported.length <= hintBytes + 6, unreported.join(", "));
});
