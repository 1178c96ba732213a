/** Messages over a real control store: in order, once, and again only when nobody noted the answer. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Message } from "../model/incident.ts";
import { openSqliteControl } from "../store/control/sqlite.ts";
import type { ControlStore } from "../store/store.ts";
import type { Delivery } from "./channel.ts";
import { madeIncident, madeMessage } from "./made.ts";
import { deliverDue } from "./outbox.ts";
import { type Letter, letterOf } from "./text.ts";

const incident = madeIncident();
const opened = madeMessage(incident, { channel: "chat" });

describe("the outbox", () => {
  let directory: string;
  let store: ControlStore;
  let nowMs: number;
  let sent: string[];
  let answers: Delivery[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "midwatch-outbox-"));
    store = openSqliteControl(join(directory, "control.db"));
    [nowMs, sent, answers] = [0, [], []];
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const deliver = async (name = "chat"): Promise<void> => {
    const send = async ({ id }: Message): Promise<Delivery> => {
      sent.push(id);
      return answers.shift() ?? { outcome: "delivered", receipt: "200" };
    };
    const channel = {
      name,
      kind: "test",
      severityMin: "info",
      hearsAcknowledgements: false,
      closesTests: false,
      withoutEvidence: false,
      send,
    } as const;
    const write = async (message: Message): Promise<Letter> => letterOf(message);
    await deliverDue({ store, channels: [channel], write, clock: () => nowMs, random: () => 0.5 });
  };
  const acts = async (): Promise<readonly string[]> =>
    (await store.timeline("i1")).map(({ act, because }) => `${act}: ${because}`);

  test("sends what is due in its order, each once, and the later only after the earlier", async () => {
    await store.changeWatch({
      incidents: [incident],
      messages: [opened, { ...opened, id: "m2", tiding: "resolved" }],
    });
    answers = [{ outcome: "failed", permanent: false, receipt: "503" }];
    await deliver();
    await deliver();
    assert.deepEqual(sent, ["m1"], "not before its time");
    nowMs = 5000;
    for (let turn = 0; turn < 4; turn += 1) await deliver();
    assert.deepEqual(sent, ["m1", "m1", "m2"]);
    assert.deepEqual(
      (await store.messages("i1")).map(({ state }) => state),
      ["delivered", "delivered"],
    );
  });

  test("a message whose answer nobody noted goes again, and the timeline says so", async () => {
    await store.changeWatch({ incidents: [incident], messages: [opened] });
    await store.claimMessage({ ...opened, state: "sending", attempts: 1, dueMs: 120_000 }, nowMs);
    await deliver();
    assert.deepEqual(sent, [], "it may still be on its way");
    nowMs = 120_000;
    await deliver();
    assert.deepEqual(sent, ["m1"]);
    assert.match(
      (await acts()).join("\n"),
      /told: Midwatch ended before it noted .* it cannot tell a repetition/,
    );
  });

  test("a message to a channel that is gone is given up, and that is said", async () => {
    await store.changeWatch({ incidents: [incident], messages: [opened] });
    await deliver("another");
    assert.deepEqual(await acts(), ["undelivered: The channel is not configured any more."]);
  });
});
