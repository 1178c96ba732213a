import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { madeSigner, makeLedger } from "../seal/made.ts";
import { formatVerifier } from "../seal/note.ts";
import { checkpointFor } from "../seal/witness.ts";
import { OwnEvents } from "./own.ts";
import { AgentState } from "./state.ts";
import { Witness } from "./witness.ts";

test("a growing ledger is followed; a roll-back and a fork are told once, over restarts", async (context) => {
  const server = createServer((_request, response) => response.end(`${formatVerifier(madeSigner)}\n`));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = mkdtempSync(join(tmpdir(), "midwatch-witness-"));
  const ledger = makeLedger();
  const other = makeLedger();
  context.after(async () => {
    server.close();
    server.closeAllConnections();
    await ledger.ledger.close();
    await other.ledger.close();
    ledger.remove();
    other.remove();
    rmSync(directory, { recursive: true });
  });
  const state = new AgentState(directory);
  context.after(() => state.close());
  const own = new OwnEvents(state, { host: "web-1", clock: Date.now, randomBytes });
  const lines: string[] = [];
  const witness = (): Witness => {
    const { port } = server.address() as AddressInfo;
    return new Witness({
      state,
      own,
      server: new URL(`http://127.0.0.1:${port}`),
      log: (line) => lines.push(line),
    });
  };

  const first = await ledger.ledger.publish();
  await witness().see(checkpointFor(ledger.ledger, witness().size));
  assert.equal(witness().size, first.size);
  ledger.add(["log"]);
  ledger.add(["log"]);
  await ledger.ledger.publish();
  await witness().see(checkpointFor(ledger.ledger, witness().size));
  assert.equal(witness().size, 3);
  assert.equal(own.waiting(), 0);

  await witness().see({ note: first.note });
  await witness().see({ note: first.note });
  assert.equal(own.waiting(), 1);

  for (let batch = 0; batch < 5; batch++) other.add(["log"]);
  await other.ledger.publish();
  await witness().see(checkpointFor(other.ledger, witness().size));
  assert.equal(own.waiting(), 2);
  assert.equal(witness().size, 3, "what was kept stays");
  assert.deepEqual(
    lines.map((line) => /\((\w+)\)/.exec(line)?.[1]),
    [undefined, "rollback", "fork"],
  );
});
