/** What every control store must do. `open` gives an empty one; `reopen` the same one again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Fault } from "../../model/fault.ts";
import type { ApiKey, BatchReceipt, ControlStore } from "../store.ts";

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
