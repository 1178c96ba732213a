/** What every control store must do. `open` gives an empty one; `reopen` the same one again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Fault } from "../../model/fault.ts";
import type { Incident, Message } from "../../model/incident.ts";
import { quietMonitor } from "../../model/monitor.ts";
import type { ApiKey, BatchReceipt, ControlStore } from "../store.ts";
import { WatchConflict } from "../watch.ts";

export type ControlPlace = {
  readonly open: () => ControlStore;
  readonly remove: () => void;
};

const key: ApiKey = {
  id: "k1",
  name: "web-1",
  scopes: ["send", "read"],
  secretSha256: "ab".repeat(32),
  createdMs: 1000,
};
const receipt: BatchReceipt = { source: "s", batchId: "b", accepted: 9, refused: 1, receivedMs: 5000 };

const incident: Incident = {
  id: "i1",
  cause: "c1",
  kind: "failed",
  state: "open",
  severity: "error",
  because: "It failed.",
  openedMs: 1000,
  lastMs: 2000,
  count: 1,
  unknown: false,
  evidence: { eventIds: ["e"], runIds: [] },
  reopenedMs: [],
  flapping: false,
};
const message: Message = {
  id: "m1",
  incidentId: "i1",
  channel: "mail",
  tiding: "opened",
  incident,
  madeMs: 1000,
  dueMs: 1000,
  attempts: 0,
  state: "waiting",
};

export function controlContract(name: string, place: () => ControlPlace): void {
  describe(`${name} control store`, () => {
    let at: ControlPlace;
    let control: ControlStore;
    beforeEach(() => {
      at = place();
      control = at.open();
    });
    afterEach(async () => {
      await control.close();
      at.remove();
    });

    test("keeps keys, their use and their end", async () => {
      const second: ApiKey = { ...key, id: "k2", createdMs: 2000, expiresMs: 9000 };
      await control.addKey(second);
      await control.addKey(key);
      await assert.rejects(control.addKey(key));
      assert.deepEqual(await control.keys(), [key, second]);
      assert.deepEqual(await control.keyById("k2"), second);
      assert.equal(await control.keyById("k3"), undefined);

      await control.noteKeyUse("k1", 4000.5);
      await control.noteKeyUse("k1", 3000);
      assert.equal((await control.keyById("k1"))?.lastUsedMs, 4000);
      assert.equal(await control.revokeKey("k1", 6000), true);
      assert.equal(await control.revokeKey("k1", 7000), false);
      assert.equal(await control.revokeKey("k3", 7000), false);
      assert.equal((await control.keyById("k1"))?.revokedMs, 6000);
    });

    test("keeps the first receipt of a batch, and drops old ones", async () => {
      await control.addReceipts([receipt, { ...receipt, batchId: "c", receivedMs: 6000 }]);
      await control.addReceipts([{ ...receipt, accepted: 0 }]);
      await control.addReceipts([]);
      assert.deepEqual(await control.receipt("s", "b"), receipt);
      assert.equal(await control.receipt("other", "b"), undefined);
      assert.equal(await control.dropReceiptsBefore(6000), 1);
      assert.equal(await control.receipt("s", "b"), undefined);
      assert.equal((await control.receipt("s", "c"))?.receivedMs, 6000);
    });

    test("keeps settings, the last value of each", async () => {
      assert.equal(await control.setting("a"), undefined);
      await control.setSetting("a", "1");
      await control.setSetting("a", "'; DROP TABLE settings; --");
      assert.equal(await control.setting("a"), "'; DROP TABLE settings; --");
    });

    test("keeps monitors with who changed them, and what they were", async () => {
      const name = { job: "J", service: "s" };
      const [first, second] = [1, 2].map((failuresBeforeTelling) => ({
        ...quietMonitor(name),
        failuresBeforeTelling,
      }));
      await control.changeMonitors([{ name, monitor: first }], { changedMs: 1, changedBy: "ann" });
      await control.changeMonitors([{ name, monitor: second }], { changedMs: 2, changedBy: "bob" });
      assert.deepEqual(await control.setMonitors(), [{ monitor: second, changedMs: 2, changedBy: "bob" }]);
      await control.changeMonitors([{ name, monitor: undefined }], { changedMs: 3, changedBy: "ann" });
      assert.deepEqual(await control.setMonitors(), []);
      assert.deepEqual(await control.monitorChanges(name), [
        { before: second, changedMs: 3, changedBy: "ann" },
        { before: first, after: second, changedMs: 2, changedBy: "bob" },
        { after: first, changedMs: 1, changedBy: "ann" },
      ]);
    });

    test("keeps of each origin the declarations of its newest reading", async () => {
      const declaration = (item: string, reading: string) => ({
        origin: "crontab web-1",
        reading,
        item,
        job: { job: item },
        seenMs: 1,
        schedule: { expression: "@daily", timeZone: "UTC" },
      });
      await control.changeWatch({ declarations: [declaration("a", "1"), declaration("b", "1")] });
      await control.changeWatch({ declarations: [declaration("b", "2")] });
      assert.deepEqual(await control.declarations(), [declaration("b", "2")]);
      await control.changeWatch({ readings: [{ origin: "crontab web-1", reading: "gone" }] });
      assert.deepEqual(await control.declarations(), []);
    });

    test("keeps incidents with their timeline; all of a change or nothing", async () => {
      const entry = {
        incidentId: "i1",
        atMs: 1000,
        act: "opened",
        by: "Midwatch",
        because: "It failed.",
      } as const;
      await control.changeWatch({ incidents: [incident], timeline: [entry], state: { place: "1" } });
      await assert.rejects(
        control.changeWatch({ incidents: [{ ...incident, id: "i2" }], state: { place: "2" } }),
      );
      assert.equal(await control.watchState("place"), "1");
      assert.deepEqual(await control.unresolvedIncidents(), [{ ...incident, revision: 1 }]);
      assert.deepEqual(await control.timeline("i1"), [entry]);
      const over = { ...incident, state: "resolved" as const, revision: 1 };
      await control.changeWatch({ incidents: [over, { ...incident, id: "i3", lastMs: 1500 }] });
      assert.deepEqual(
        (await control.incidents(10)).map(({ id }) => id),
        ["i3", "i1"],
      );
      assert.deepEqual(await control.incident("i1"), { ...over, revision: 2 });
      assert.deepEqual(
        (await control.incidents(10, "resolved")).map(({ id }) => id),
        ["i1"],
      );
      assert.equal((await control.incidentOfCause("c1"))?.id, "i1");
    });

    test("gives messages when they are due, and of one incident and channel the first alone", async () => {
      const messages = [
        message,
        { ...message, id: "m2" },
        { ...message, id: "m3", channel: "hook", dueMs: 5000 },
      ];
      await control.changeWatch({ incidents: [incident], messages });
      const due = async (nowMs: number): Promise<readonly string[]> =>
        (await control.dueMessages(nowMs, 10)).map(({ id }) => id);
      assert.deepEqual([await due(999), await due(1000), await due(5000)], [[], ["m1"], ["m1", "m3"]]);
      const first = { ...message, state: "sending", attempts: 1, dueMs: 9000 } as const;
      assert.equal(await control.claimMessage(first, 1000), true);
      assert.equal(await control.claimMessage(first, 1000), false, "another server got there first");
      assert.deepEqual(await due(8999), ["m3"]);
      assert.deepEqual(await due(9000), ["m3", "m1"], "a lease that ran out is taken up again");
      const second = { ...first, attempts: 2, dueMs: 20_000 };
      assert.equal(await control.claimMessage(second, 9000), true);
      await control.noteMessage({ ...first, state: "failed", receipt: "too late" });
      await control.noteMessage({ ...second, state: "delivered", receipt: "200" });
      assert.deepEqual(await due(9000), ["m2", "m3"]);
      assert.equal((await control.messages("i1")).at(-1)?.receipt, "200");
    });

    test("lets nobody change what somebody else changed, nor whoever does not lead", async () => {
      await control.changeWatch({ incidents: [incident] });
      const read = await control.incident("i1");
      assert.ok(read);
      await control.changeWatch({ incidents: [{ ...read, count: 2 }] });
      await assert.rejects(
        control.changeWatch({ incidents: [{ ...read, count: 3 }], state: { place: "3" } }),
        WatchConflict,
      );
      assert.deepEqual(
        [(await control.incident("i1"))?.count, await control.watchState("place")],
        [2, undefined],
      );

      const lease = { name: "watch", holder: "a", untilMs: 1000 };
      assert.equal(await control.takeLease(lease, 0), true);
      assert.equal(await control.takeLease({ ...lease, holder: "b", untilMs: 1500 }, 999), false);
      await assert.rejects(control.changeWatch({ lease: { name: "watch", holder: "b" } }), WatchConflict);
      await control.changeWatch({ lease, state: { place: "4" } });
      assert.equal(
        await control.takeLease({ ...lease, holder: "b", untilMs: 2000 }, 1000),
        true,
        "it ran out",
      );
      await control.dropLease(lease);
      assert.equal(await control.takeLease(lease, 1500), false, "only its holder gives it back");
      await control.dropLease({ name: "watch", holder: "b" });
      assert.equal(await control.takeLease(lease, 1500), true);
    });

    test("keeps silences until they end, and who ended them", async () => {
      const silence = {
        id: "s1",
        purpose: "silence",
        when: { job: "J" },
        fromMs: 0,
        untilMs: 1000,
        reason: "noise",
        by: "ann",
        madeMs: 0,
      } as const;
      await control.putSilence(silence);
      await control.putSilence({ ...silence, id: "s2", untilMs: 3000 });
      await control.putSilence({ ...silence, endedMs: 500, endedBy: "bert" });
      assert.deepEqual(await control.silence("s1"), { ...silence, endedMs: 500, endedBy: "bert" });
      assert.deepEqual(
        (await control.silences(999)).map(({ id }) => id),
        ["s2", "s1"],
      );
      assert.deepEqual([(await control.silences(1000)).length, await control.silence("s3")], [1, undefined]);
    });

    test("everything is there when it is opened again; closed, it refuses", async () => {
      await control.addKey(key);
      await control.addReceipts([receipt]);
      await control.close();
      await control.close();
      await assert.rejects(
        control.keys(),
        (error) => error instanceof Fault && error.code === "STORE_CLOSED",
      );
      control = at.open();
      assert.deepEqual([await control.keys(), await control.receipt("s", "b")], [[key], receipt]);
    });
  });
}
