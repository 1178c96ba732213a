/**
 * The events that every bench feeds: a made-up shop with Rails and Celery, 60 % log lines, 25 % the
 * life of jobs, 15 % HTTP requests, about 390 bytes each; one line in a hundred holds something
 * that must not be stored. The same seed gives the same bytes.
 */
import { formatTime } from "../src/model/time.ts";

export type CorpusOptions = {
  readonly seed: number;
  readonly events: number;
  readonly batchEvents: number;
  /** Time of the first event, and how far the next one is from it. */
  readonly fromMs: number;
  readonly stepMicros: number;
};

/** Numbers in [0, 1) that depend on the seed alone (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const services = ["shop", "billing", "search", "mail", "reports"];
const hosts = ["app-1", "app-2", "app-3", "worker-1", "worker-2", "worker-3"];
const queues = ["default", "mailers", "critical", "low", "imports"];
const jobs = [
  "InvoiceJob",
  "NightlyReportJob",
  "Mail::DeliverJob",
  "ImportProductsJob",
  "SearchIndexJob",
  "billing.tasks.charge",
  "billing.tasks.refund",
  "CleanupSessionsJob",
  "WebhookJob",
  "ThumbnailJob",
];
const paths = ["/orders", "/cart", "/products", "/search", "/login", "/api/v2/items", "/admin/reports"];
const levels = ["debug", "info", "info", "info", "info", "info", "info", "info", "warn", "error"];
const verbs = ["loaded", "rendered", "stored", "sent", "fetched", "skipped", "queued", "retried", "matched"];
const nouns = [
  "order",
  "invoice",
  "customer",
  "product",
  "template",
  "session",
  "payment",
  "shipment",
  "index",
];
const errors = ["Net::ReadTimeout", "ActiveRecord::Deadlocked", "KeyError", "Redis::ConnectionError"];

type Source = {
  readonly random: () => number;
  readonly index: number;
  readonly time: string;
  readonly openRuns: OpenRun[];
};

/** The whole corpus as bodies of NDJSON, one a batch; a run stays within its batch. */
export function corpusBatches(options: CorpusOptions): Buffer[] {
  const batches: Buffer[] = [];
  for (let first = 0; first < options.events; first += options.batchEvents) {
    const events = Math.min(options.batchEvents, options.events - first);
    batches.push(corpusBatch(options, batches.length, first, events));
  }
  return batches;
}

function corpusBatch(options: CorpusOptions, batch: number, first: number, events: number): Buffer {
  const random = seededRandom(options.seed * 1_000_003 + batch);
  const lines: string[] = [];
  const openRuns: OpenRun[] = [];
  for (let index = first; index < first + events; index++) {
    const time = formatTime(options.fromMs * 1000 + index * options.stepMicros);
    lines.push(corpusLine({ random, index, time, openRuns }));
  }
  lines.push("");
  return Buffer.from(lines.join("\n"));
}

function corpusLine(source: Source): string {
  const part = source.random();
  if (part < 0.6) return logLine(source);
  return part < 0.85 ? jobLine(source) : httpLine(source);
}

function pick<T>(random: () => number, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)] as T;
}

function hex(random: () => number, digits: number): string {
  let text = "";
  while (text.length < digits) {
    text += Math.floor(random() * 4_294_967_296)
      .toString(16)
      .padStart(8, "0");
  }
  return text.slice(0, digits);
}

/** UUIDv7 text of the event's own millisecond. */
function eventId({ random, time }: Source): string {
  const atMs = Date.parse(time).toString(16).padStart(12, "0");
  return `${atMs.slice(0, 8)}-${atMs.slice(8)}-7${hex(random, 3)}-a${hex(random, 3)}-${hex(random, 12)}`;
}

function head(source: Source, kind: string, service: string, host: string): string {
  return (
    `{"id":"${eventId(source)}","time":"${source.time}","kind":"${kind}",` +
    `"service":"${service}","environment":"production","host":"${host}",`
  );
}

/** About one line in a hundred of all events: the rows that redaction must rewrite. */
function secretOf(random: () => number): string {
  return random() < 0.01 ? `,"password":"hunter${hex(random, 6)}"` : "";
}

function logLine(source: Source): string {
  const { random, index } = source;
  const host = pick(random, hosts);
  const message = `${pick(random, nouns)} ${Math.floor(random() * 100_000)} ${pick(random, verbs)} in ${(random() * 90).toFixed(1)} ms, ${Math.floor(random() * 40)} rows`;
  return (
    head(source, "log", pick(random, services), host) +
    `"severity":"${pick(random, levels)}","runtime":"rails","trace_id":"${hex(random, 16)}",` +
    `"source":"rails:${host}:4211","source_seq":${index},"message":"${message}",` +
    `"attributes":{"logger":"ActiveRecord","thread":"puma ${Math.floor(random() * 16)}"${secretOf(random)}}}`
  );
}

/** A run of which an event was told: the next one of the batch that is told of it goes on with it. */
type OpenRun = {
  readonly id: string;
  readonly job: string;
  readonly service: string;
  readonly queue: string;
  step: number;
};

/** The oldest open run goes on, or a new one begins. */
function nextRun(random: () => number, openRuns: OpenRun[]): OpenRun {
  if (openRuns.length > 0 && random() < 0.66) return openRuns.shift() as OpenRun;
  return {
    id: hex(random, 12),
    job: pick(random, jobs),
    service: pick(random, services),
    queue: pick(random, queues),
    step: 0,
  };
}

function jobLine(source: Source): string {
  const { random, index, openRuns } = source;
  const run = nextRun(random, openRuns);
  const step = run.step++;
  if (step < 2) openRuns.push(run);
  const host = pick(random, hosts);
  const ends = random() < 0.95 ? "job.succeeded" : "job.failed";
  const kind = step === 0 ? "job.enqueued" : step === 1 ? "job.started" : ends;
  let line =
    head(source, kind, run.service, host) +
    `"runtime":"delayed_job","job":"${run.job}","run_id":"${run.id}","attempt":1,"queue":"${run.queue}",` +
    `"worker":"${host}:4711:1763690000","source":"dj:${host}:4711","source_seq":${index},`;
  if (step === 2)
    line += `"duration_ms":${(random() * 4000).toFixed(2)},"cpu_ms":${(random() * 900).toFixed(1)},`;
  if (kind === "job.failed") {
    const error = pick(random, errors);
    line +=
      `"severity":"error","error_class":"${error}","error_message":"${error}: could not finish ${run.job} \\"${run.id}\\"",` +
      `"error_stack":"app/jobs/${run.job}.rb:${Math.floor(random() * 90)}:in 'perform'\\nlib/worker.rb:12:in 'run'\\nlib/worker.rb:4:in 'loop'",`;
  }
  return `${line}"attributes":{"arguments":[${Math.floor(random() * 100_000)},{"locale":"de"${secretOf(random)}}]}}`;
}

function httpLine(source: Source): string {
  const { random, index } = source;
  const host = pick(random, hosts);
  const path = pick(random, paths);
  const status = random() < 0.97 ? 200 : 500;
  return (
    head(source, "http.request", pick(random, services), host) +
    `"runtime":"puma","trace_id":"${hex(random, 16)}","outcome":"${status}","duration_ms":${(random() * 300).toFixed(2)},` +
    `"source":"puma:${host}:4100","source_seq":${index},"message":"GET ${path}/${Math.floor(random() * 10_000)}",` +
    `"attributes":{"method":"GET","path":"${path}","status":${status},"bytes":${Math.floor(random() * 60_000)}${secretOf(random)}}}`
  );
}
