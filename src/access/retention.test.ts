import assert from "node:assert/strict";
import { test } from "node:test";
import { actorWith, anyoneAtAll } from "./actor.ts";
import { roles } from "./policy.ts";
import { agreeOnRetention } from "./retention.ts";

const person = (id: string) =>
  actorWith({ kind: "person", id, name: id, by: "password" }, [roles.administrator]);
const days = { jobs: 400, logs: 30, http: 30, audit: 400 };
const shorter = { ...days, audit: 10 };

function makeStore() {
  const kept = new Map<string, string>();
  return {
    setting: async (name: string) => kept.get(name),
    setSetting: async (name: string, value: string) => void kept.set(name, value),
  };
}

test("longer holds at once; shorter holds when two people have agreed, and from the next start on", async () => {
  const store = makeStore();
  assert.deepEqual((await agreeOnRetention(store, days, false)).days, days);
  const longer = { ...days, logs: 90 };
  assert.deepEqual((await agreeOnRetention(store, longer, false)).days, longer);

  const wish = { ...longer, audit: 10 };
  const waiting = await agreeOnRetention(store, wish, false);
  assert.deepEqual(waiting.days, longer);
  assert.equal(await waiting.agree(person("maria")), false);
  await assert.rejects(waiting.agree(person("maria")), /somebody else must too/);
  await assert.rejects(waiting.agree(anyoneAtAll), /signed in as such/);
  // A start in between forgets nobody's word, another wish forgets all.
  const again = await agreeOnRetention(store, wish, false);
  assert.deepEqual(again.days, longer);
  assert.equal(await again.agree(person("jonas")), true);
  assert.deepEqual((await agreeOnRetention(store, wish, false)).days, wish);
});

test("who agreed to one wish has not agreed to another", async () => {
  const store = makeStore();
  await agreeOnRetention(store, days, false);
  const first = await agreeOnRetention(store, shorter, false);
  await first.agree(person("maria"));
  const other = await agreeOnRetention(store, { ...days, audit: 1 }, false);
  assert.equal(await other.agree(person("jonas")), false, "maria agreed to ten days, not to one");
  assert.deepEqual((await other.state()).days, days);
});

test("where there are no people, what is set holds", async () => {
  const store = makeStore();
  await agreeOnRetention(store, days, true);
  const alone = await agreeOnRetention(store, shorter, true);
  assert.deepEqual(alone.days, shorter);
  await assert.rejects(alone.agree(person("maria")), /No shorter retention/);
});
