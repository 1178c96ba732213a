/**
 * How many events a second the server takes in, acknowledged, synced and open to questions, and
 * what that costs all its processes together; beside PostgreSQL, rsyslog and the bare disk, all fed
 * the same corpus in the same run.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { corpusBatches } from "./corpus.ts";
import { writeAndSync } from "./ingest/limit.ts";
import { corpusAgeMs, startMidwatch } from "./ingest/midwatch.ts";
import { feedPostgresql, isPostgresqlInstalled } from "./ingest/postgresql.ts";
import { cpuMicrosPerEvent, eventsPerSecond, type Measured } from "./ingest/processes.ts";
import { feedRsyslog, isRsyslogInstalled } from "./ingest/rsyslog.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about =
  "events a second and processor time an event of the whole server, beside PostgreSQL, rsyslog and the bare disk";

const batchEvents = 2000;
const sizes = {
  full: {
    warmUp: 100_000,
    events: 800_000,
    peers: 300_000,
    postgresql: 100_000,
  },
  // The compiler of the runtime is at work for the first seconds, and has its share in short runs.
  quick: { warmUp: 60_000, events: 80_000, peers: 50_000, postgresql: 20_000 },
};
const senderCounts = [1, 2, 8];
/** The count whose figures stand for the whole. */
const usualSenders = 2;

/** A corpus of its own for each measurement: what was sent twice would compress too well. */
let corpora = 0;

function corpus(events: number): Buffer[] {
  corpora += 1;
  return corpusBatches({
    seed: corpora,
    events,
    batchEvents,
    fromMs: Date.now() - corpusAgeMs,
    stepMicros: 1000,
  });
}

export async function run({ quick, directory }: BenchOptions): Promise<BenchResult> {
  const size = quick ? sizes.quick : sizes.full;
  const figures: Record<string, number> = {};
  const lines = [row("", "events/s", "CPU µs/event", "disk bytes/event")];
  await measureMidwatch(directory, { ...size, rests: !quick }, figures, lines);
  await measurePeers(directory, size.peers, size.postgresql, figures, lines);
  return { figures, lines };
}

/** Each on a server of its own: what one stored is merged later, which would be the next one's cost. */
async function measureMidwatch(
  directory: string,
  { warmUp, events, rests }: { readonly warmUp: number; readonly events: number; readonly rests: boolean },
  figures: Record<string, number>,
  lines: string[],
): Promise<void> {
  const acknowledged: string[] = [];
  const later: string[] = [];
  let kept = "";
  for (const senders of senderCounts) {
    const server = await startMidwatch(join(directory, `of-${senders}`));
    try {
      await server.feed(corpus(warmUp), warmUp, 2);
      const measured = await server.feed(corpus(events), events, senders);
      const acknowledgedPerSecond = Math.round((events / measured.acknowledgedMs) * 1000);
      const named = {
        events_per_second: eventsPerSecond(measured),
        cpu_us_per_event: cpuMicrosPerEvent(measured),
        ...(rests && { rest_us_per_event: Math.round(((await server.rest()) / events) * 10) / 10 }),
        acknowledged_per_second: acknowledgedPerSecond,
      };
      for (const [name, value] of Object.entries(named)) figures[`${name}_${senders}_senders`] = value;
      acknowledged.push(acknowledgedPerSecond.toLocaleString("en"));
      if (named.rest_us_per_event !== undefined) later.push(named.rest_us_per_event.toFixed(1));
      lines.push(measuredRow(`midwatch, ${senders} senders`, measured));
      if (senders !== usualSenders) continue;
      Object.assign(figures, {
        events_per_second: named.events_per_second,
        cpu_us_per_event: named.cpu_us_per_event,
        disk_bytes_per_event: Math.round(await server.storedBytesPerEvent()),
        peak_rss_mb: Math.round(server.peakRssBytes() / 1024 ** 2),
      });
      kept = `midwatch keeps ${figures["disk_bytes_per_event"]} bytes an event; its processes had ${figures["peak_rss_mb"]} MB at their peak`;
    } finally {
      await server.stop();
    }
  }
  lines.push(
    `midwatch acknowledged ${acknowledged.join(", ")} events/s; the others above can be queried as well`,
    ...(rests ? [`merging afterwards, until it is at rest, takes ${later.join(", ")} µs an event more`] : []),
    kept,
  );
}

async function measurePeers(
  directory: string,
  events: number,
  postgresqlEvents: number,
  figures: Record<string, number>,
  lines: string[],
): Promise<void> {
  installPeers();
  const batches = corpus(events);
  function note(name: string, label: string, measured: Measured, bytesPerEvent: number): void {
    figures[`${name}_events_per_second`] = eventsPerSecond(measured);
    figures[`${name}_cpu_us_per_event`] = cpuMicrosPerEvent(measured);
    figures[`${name}_disk_bytes_per_event`] = Math.round(bytesPerEvent);
    lines.push(measuredRow(label, measured, bytesPerEvent));
  }
  if (isPostgresqlInstalled()) {
    const few = batches.slice(0, postgresqlEvents / batchEvents);
    const measured = await feedPostgresql(directory, few, postgresqlEvents);
    note("postgresql", "PostgreSQL COPY, 2 senders", measured, measured.bytesPerEvent);
  } else lines.push("PostgreSQL 15 is not installed and was skipped");
  if (isRsyslogInstalled()) {
    const measured = await feedRsyslog(directory, batches, events);
    note("rsyslog", "rsyslog to a synced file, 2 senders", measured, measured.bytesPerEvent);
  } else lines.push("rsyslog is not installed and was skipped");
  const bytes = batches.reduce((sum, batch) => sum + batch.length, 0);
  note("limit", "limit: written and synced", writeAndSync(directory, batches, events), bytes / events);
}

/** As root, Debian's packages are installed; else the peers that are missing are skipped. */
function installPeers(): void {
  if (isPostgresqlInstalled() && isRsyslogInstalled()) return;
  const install = join(import.meta.dirname, "..", "scripts", "install.mjs");
  try {
    execFileSync(process.execPath, [install, "--debian=postgresql-15,rsyslog"], { stdio: "inherit" });
  } catch {
    // Said by the installer; the lines say what was skipped.
  }
}

function measuredRow(label: string, measured: Measured, bytesPerEvent?: number): string {
  const bytes = bytesPerEvent === undefined ? "" : String(Math.round(bytesPerEvent));
  return row(
    label,
    eventsPerSecond(measured).toLocaleString("en"),
    cpuMicrosPerEvent(measured).toFixed(1),
    bytes,
  );
}

function row(label: string, ...cells: readonly string[]): string {
  return label.padEnd(36) + cells.map((cell) => cell.padStart(17)).join("");
}
