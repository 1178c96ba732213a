import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { buildPage, refuseLarge } from "./build.ts";

const directory = mkdtempSync(join(tmpdir(), "midwatch-build-"));
after(() => rmSync(directory, { recursive: true, force: true }));

test("each screen is a script of its own, and none is large to begin with", async () => {
  const { scriptGzipBytes } = await buildPage(join(directory, "page"));
  const screens = readdirSync(new URL("screens", import.meta.url));
  for (const name of ["now", "runs", "run", "logs", "queues"]) {
    assert.ok(screens.includes(`${name}.tsx`));
    assert.ok((scriptGzipBytes[name] ?? 0) > 10_000, `${name} needs ${scriptGzipBytes[name]} bytes`);
  }
  const { now = 0, logs = 0 } = scriptGzipBytes;
  assert.ok(now < 45 * 1024, `${now} bytes for the first screen`);
  assert.ok(now < logs, "the first screen does not bring the charts");
});

test("a screen that has grown too large is refused by its name", () => {
  refuseLarge({ now: 45 * 1024, logs: 80 * 1024 });
  assert.throws(() => refuseLarge({ now: 45 * 1024 + 1 }), /screen now are 46081 bytes/);
  assert.throws(() => refuseLarge({ now: 1, logs: 80 * 1024 + 1 }), /screen logs/);
});

test("the document has nothing inline, and every asset is there compressed as well", () => {
  const document = readFileSync(join(directory, "page/index.html"), "utf8");
  assert.doesNotMatch(document, /<script>|<style|style=| on\w+=/);
  const assets = join(directory, "page/assets");
  const plain = readdirSync(assets).filter((name) => !/\.(gz|br)$/.test(name));
  assert.ok(plain.length > 10, `${plain.length} assets`);
  for (const name of plain) {
    const content = readFileSync(join(assets, name));
    assert.deepEqual(gunzipSync(readFileSync(join(assets, `${name}.gz`))), content);
    assert.deepEqual(brotliDecompressSync(readFileSync(join(assets, `${name}.br`))), content);
  }
});
