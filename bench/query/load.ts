/** The corpus of the benches that ask: a month of a shop, made inside the engine. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type EngineClient, engineClient } from "../../src/store/engine/client.ts";
import { startEngine } from "../../src/store/engine/supervisor.ts";
import { retentionDefault } from "../../src/store/events/retention.ts";
import { openEventStore } from "../../src/store/events/store.ts";

/** Events of one request, with its lines and its three runs. */
export const eventsPerUnit = 40;
const loadedAtOnce = 500_000;

type Corpus = { readonly events: number; readonly fromMicros: number; readonly rangeMicros: number };

export async function loadCorpus(
  client: EngineClient,
  { events, fromMicros, rangeMicros }: Corpus,
): Promise<void> {
  const corpus = readFileSync(new URL("corpus.sql", import.meta.url), "utf8");
  for (let first = 0; first < events; first += loadedAtOnce) {
    await client.run(
      corpus,
      "maintenance",
      {
        first,
        count: Math.min(loadedAtOnce, events - first),
        from_micros: fromMicros,
        range_micros: rangeMicros,
        units: Math.ceil(events / eventsPerUnit),
      },
      { insert_deduplication_token: `corpus-${first}`, max_insert_threads: "2" },
    );
  }
}

const monthMicros = 31 * 86_400_000_000;

/** The month that ends now, into the data directory of a server that will open it. */
export async function fillWithLastMonth(dataDirectory: string, events: number): Promise<void> {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const engine = await startEngine({ directory: join(dataDirectory, "engine") });
  const client = engineClient(engine);
  const store = await openEventStore({ client, retention: retentionDefault });
  try {
    const fromMicros = Date.now() * 1000 - monthMicros;
    await loadCorpus(client, { events, fromMicros, rangeMicros: monthMicros });
  } finally {
    await store.close();
    await engine.close();
  }
}
