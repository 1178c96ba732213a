import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Fault } from "../../model/fault.ts";
import { fileDecipher, makeEncryption } from "./ciphers.ts";
import { deriveKey, makeDataKey, unwrapDataKey, wrapDataKey } from "./data-key.ts";

const marker = "a text that somebody sent";
const dataKey = makeDataKey(randomBytes);
const { spool, control, engine } = makeEncryption(dataKey, randomBytes);
const isUnreadable = (error: unknown): boolean => error instanceof Fault && error.code === "BATCH_UNREADABLE";

test("a file comes back as it was, from its parts, for who has the key and knows its name", () => {
  const written = spool.encrypt("/spool/1.native", [Buffer.from(marker), Buffer.from("!")]);
  assert.ok(!Buffer.from(written).includes(marker.slice(0, 8)));
  const read = fileDecipher(engine.spool).decrypt("/elsewhere/1.native", written);
  assert.equal(Buffer.from(read).toString(), `${marker}!`);
  assert.throws(() => spool.decrypt("/spool/2.native", written), isUnreadable, "another name");
  const other = makeEncryption(makeDataKey(randomBytes), randomBytes).spool;
  assert.throws(() => other.decrypt("/spool/1.native", written), isUnreadable, "another key");
});

test("a file that lost, gained or changed a byte anywhere is refused", () => {
  const written = spool.encrypt("1.json", [Buffer.from(marker)]);
  for (let at = 0; at < written.length; at++) {
    const changed = Uint8Array.from(written);
    changed[at] = (changed[at] as number) ^ 1;
    assert.throws(() => spool.decrypt("1.json", changed), isUnreadable, `byte ${at}`);
    if (at > 0) assert.throws(() => spool.decrypt("1.json", written.subarray(0, at)), isUnreadable, `${at}`);
  }
  assert.throws(() => spool.decrypt("1.json", Buffer.concat([written, Uint8Array.of(0)])), isUnreadable);
});

test("the same file is never written twice alike, and one without rows stays empty", () => {
  const write = (): string => Buffer.from(spool.encrypt("1.json", [Buffer.from(marker)])).toString("hex");
  assert.notEqual(write(), write());
  assert.equal(spool.encrypt("1.native", [new Uint8Array(0)]).length, 0);
  assert.equal(spool.decrypt("1.native", new Uint8Array(0)).length, 0);
});

test("a text of the control store becomes the same text each time, and another for another key", () => {
  const written = control.encrypt(marker);
  assert.ok(!written.includes(marker) && !Buffer.from(written, "base64url").includes(marker.slice(0, 8)));
  assert.equal(control.encrypt(marker), written);
  assert.notEqual(control.encrypt(`${marker}.`), written);
  assert.equal(control.decrypt(written), marker);
  assert.equal(control.decrypt(""), "", "what was never encrypted");
  const other = makeEncryption(makeDataKey(randomBytes), randomBytes).control;
  assert.notEqual(other.encrypt(marker), written);
  assert.throws(() => other.decrypt(written), /cannot be decrypted/);
});

test("the data key opens with its master key alone, and with another one once it is wrapped anew", () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  const wrapped = wrapDataKey(dataKey, first, randomBytes);
  assert.deepEqual(Buffer.from(unwrapDataKey(wrapped, first)), Buffer.from(dataKey));
  assert.throws(() => unwrapDataKey(wrapped, second), /another key/);
  const again = wrapDataKey(unwrapDataKey(wrapped, first), second, randomBytes);
  assert.deepEqual(Buffer.from(unwrapDataKey(again, second)), Buffer.from(dataKey));
  assert.throws(() => unwrapDataKey(again, first), /another key/);
  for (const text of ["", "null", "{}", "[1]", wrapped.slice(0, 40)])
    assert.throws(() => unwrapDataKey(text, first), /malformed/, text);
});

test("no two uses have one key", () => {
  const uses = ["spool", "control", "control nonces", "engine disk"].map((use) =>
    Buffer.from(deriveKey(dataKey, use)).toString("hex"),
  );
  assert.equal(new Set([...uses, Buffer.from(dataKey).toString("hex")]).size, 5);
  assert.deepEqual([engine.disk, engine.spool], [uses[3], uses[0]]);
});
