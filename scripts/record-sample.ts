/**
 * Records the sample day from a server on which the playground has run: every event of the range but
 * Midwatch's own, as senders sent them, oldest first, into one compressed file.
 *
 *   node scripts/record-sample.ts [SERVER] [FROM] [FILE]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import type { EventPage } from "../src/api/schemas.ts";
import { makeClient } from "../src/cli/client.ts";

const day = new URL("../playground/sample/day.ndjson.gz", import.meta.url).pathname;
const [server = "http://127.0.0.1:4180", from = "-24h", file = day] = process.argv.slice(2);
const client = makeClient(server);
const lines: string[] = [];
let cursor: string | undefined;
do {
  const query = { q: "-service:midwatch", from, order: "oldest", limit: 1000, cursor };
  const page = await client.get<EventPage>("/api/v1/events", query);
  for (const { segment: _segment, segment_index: _index, received_time: _received, ...record } of page.rows) {
    lines.push(JSON.stringify(record));
  }
  cursor = page.next ?? undefined;
} while (cursor !== undefined);
if (lines.length === 0) throw new Error(`there is no event to record on ${server} since ${from}`);
mkdirSync(dirname(file), { recursive: true });
const bytes = gzipSync(`${lines.join("\n")}\n`, { level: 9 });
writeFileSync(file, bytes);
console.log(`Recorded ${lines.length} events (${bytes.length} bytes) in ${file}`);
