/**
 * Records the sample day from a server on which the playground has run for some minutes: every event
 * but Midwatch's own, as senders sent them, oldest first, in one compressed file. What belongs
 * together (one trace, or one run) keeps its times; the pauses between such groups are stretched
 * until the whole fills a day.
 *
 *   node scripts/record-sample.ts [SERVER] [FROM] [FILE]
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { shiftedRecord } from "../src/api/sample.ts";
import type { EventPage } from "../src/api/schemas.ts";
import { makeClient } from "../src/cli/client.ts";
import type { EventRecord } from "../src/model/event.ts";
import { parseTime } from "../src/model/time.ts";

const dayMicros = 86_400_000_000;
const usualFile = new URL("../playground/sample/day.ndjson.gz", import.meta.url).pathname;
const [server = "http://127.0.0.1:4180", from = "-24h", file = usualFile] = process.argv.slice(2);

const records = stretched(await recorded());
if (records.length === 0) throw new Error(`there is no event to record on ${server} since ${from}`);
mkdirSync(dirname(file), { recursive: true });
const text = records.map((record) => `${JSON.stringify(record)}\n`).join("");
const bytes = gzipSync(withoutPlaces(text), { level: 9 });
writeFileSync(file, bytes);
console.log(`Recorded ${records.length} events (${bytes.length} bytes) in ${file}`);

async function recorded(): Promise<readonly EventRecord[]> {
  const client = makeClient({ server }, { environment: process.env });
  const found: EventRecord[] = [];
  let cursor: string | undefined;
  do {
    const query = { q: "-service:midwatch -kind:metrics.sample", from, order: "oldest", limit: 1000, cursor };
    const page = await client.get<EventPage>("/api/v1/events", query);
    for (const {
      segment: _segment,
      segment_index: _index,
      received_time: _received,
      ...record
    } of page.rows) {
      found.push(record);
    }
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return found;
}

function stretched(events: readonly EventRecord[]): readonly EventRecord[] {
  const traceOfRun = new Map(
    events.flatMap(({ run_id, trace_id }) => (run_id && trace_id ? [[run_id, trace_id]] : [])),
  );
  const groupOf = ({ id, run_id, trace_id }: EventRecord): string =>
    trace_id ?? traceOfRun.get(run_id ?? "") ?? run_id ?? id;
  const startOf = new Map<string, number>();
  for (const event of events) {
    const group = groupOf(event);
    startOf.set(group, Math.min(startOf.get(group) ?? Number.POSITIVE_INFINITY, microsOf(event)));
  }
  const first = Math.min(...startOf.values());
  const factor = dayMicros / Math.max(1, Math.max(...startOf.values()) - first);
  const later = (event: EventRecord): number => {
    const start = startOf.get(groupOf(event)) ?? first;
    return Math.round((start - first) * (factor - 1));
  };
  return events.map((event) => shiftedRecord(event, later(event))).sort((a, b) => microsOf(a) - microsOf(b));
}

/** Where it was recorded is nobody's business: paths and the name of this machine are replaced. */
function withoutPlaces(json: string): string {
  const root = new URL("..", import.meta.url).pathname;
  const host = hostname();
  return json
    .replaceAll(root, "/srv/")
    .replaceAll(new RegExp(`${tmpdir()}/midwatch-[\\w-]+`, "g"), "/var/lib/playground")
    .replaceAll(new RegExp(`(?<![\\w./-])${host.replaceAll(".", "\\.")}(?![\\w/-])`, "g"), "web-1");
}

function microsOf({ time }: EventRecord): number {
  return parseTime(time) ?? 0;
}
