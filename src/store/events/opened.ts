/** An empty event store on an engine of its own, for tests; both go when it is closed. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineClient } from "../engine/client.ts";
import { startEngine } from "../engine/supervisor.ts";
import { writeNativeFile } from "../made.ts";
import type { OpenedStore } from "../store.contract.ts";
import { retentionDefault } from "./retention.ts";
import { openEventStore } from "./store.ts";

export async function openForTest(): Promise<OpenedStore> {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-store-"));
  const engine = await startEngine({ directory: join(directory, "engine") });
  const client = engineClient(engine);
  const store = await openEventStore({ client, retention: retentionDefault });
  mkdirSync(join(directory, "spool"));
  let files = 0;
  return {
    store: {
      ...store,
      async close() {
        await store.close();
        await engine.close();
        rmSync(directory, { recursive: true });
      },
    },
    async file(events, segment) {
      const path = join(directory, "spool", `${++files}.native`);
      await writeNativeFile(client, path, events, segment);
      return path;
    },
  };
}
