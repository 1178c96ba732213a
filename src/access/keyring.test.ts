import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { openSqliteControl } from "../store/control/sqlite.ts";
import type { ControlStore } from "../store/store.ts";
import { makeKey, makeKeyring, rotateKey } from "./keyring.ts";
import { isInNetworks, readNetwork } from "./networks.ts";
import { makeRateLimit } from "./rate.ts";

const directory = mkdtempSync(join(tmpdir(), "midwatch-keyring-"));
const state = { nowMs: 1_800_000_000_000 };
const sources = { clock: () => state.nowMs, randomBytes: (count: number) => randomBytes(count) };
let control: ControlStore;
before(() => {
  control = openSqliteControl(join(directory, "control.db"));
});
after(async () => {
  await control.close();
  rmSync(directory, { recursive: true });
});

const dayMs = 86_400_000;

test("a key that is bound to networks is good from there and from nowhere else", async () => {
  const keyring = makeKeyring(control, sources.clock);
  const wanted = { name: "bound", scopes: ["send"], addresses: ["10.1.0.0/16", "2001:db8::/32"] } as const;
  const { key } = await makeKey(control, wanted, sources);
  for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"]) {
    assert.equal((await keyring.checkKey(key, "send", address)).name, "bound", address);
  }
  for (const address of ["10.2.0.1", "127.0.0.1", "2001:db9::7", ""]) {
    await assert.rejects(keyring.checkKey(key, "send", address), { code: "KEY_INVALID" }, address);
  }
  await assert.rejects(makeKey(control, { ...wanted, addresses: ["10.1.0.0/33"] }, sources), /no network/);
  for (const wrong of ["10.1", "x", "10.0.0.1/8/8", "::1/129", ""])
    assert.throws(() => readNetwork(wrong), wrong);
  assert.equal(isInNetworks("192.0.2.1", [readNetwork("192.0.2.1")]), true);
});

test("while a key is rotated two are good, then the old one ends; a third one is refused", async () => {
  const keyring = makeKeyring(control, sources.clock);
  const old = await makeKey(control, { name: "web-1", scopes: ["send"], source: "web-1" }, sources);
  const made = await rotateKey(control, old.id, 2, sources);
  assert.ok(made);
  assert.equal((await control.keyById(made.id))?.source, "web-1");
  await keyring.checkKey(old.key, "send", "");
  await keyring.checkKey(made.key, "send", "");
  await assert.rejects(rotateKey(control, made.id, 2, sources), /good already/);
  state.nowMs += 2 * dayMs + 1;
  await assert.rejects(keyring.checkKey(old.key, "send", ""), /has expired/);
  await keyring.checkKey(made.key, "send", "");
  assert.equal(await rotateKey(control, old.id, 2, sources), undefined);
});

test("an asker has its burst, then its steady pace, and takes nothing from others", () => {
  let nowMs = 0;
  const limit = makeRateLimit(() => nowMs);
  const rate = { perSecond: 10, burst: 20 };
  const taken = (asker: string): number => {
    let count = 0;
    for (let time = 0; time < 100; time++) {
      try {
        limit.take(asker, rate);
        count += 1;
      } catch (error) {
        assert.equal((error as { code?: string }).code, "SLOW_DOWN");
      }
    }
    return count;
  };
  assert.equal(taken("a"), 20);
  nowMs += 1000;
  assert.equal(taken("a"), 10);
  assert.equal(taken("b"), 20);
});
