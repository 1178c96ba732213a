/**
 * A night at a small shop, as its recorders and agent would write it down: every state that a run
 * can be in, a trace from request to job, lines, output, workers, and text that means harm.
 */
import { randomBytes } from "node:crypto";
import type { EventRecord, Kind } from "../../src/model/event.ts";
import { streamOf } from "../../src/model/event.ts";
import { formatTime } from "../../src/model/time.ts";
import { uuidv7 } from "../../src/model/uuid.ts";

type Fields = Partial<Omit<EventRecord, "id" | "time" | "stream" | "kind">>;

/** An event so many seconds before now. */
function event(nowMs: number, agoSeconds: number, kind: Kind, fields: Fields): EventRecord {
  const atMs = nowMs - agoSeconds * 1000;
  return {
    id: uuidv7(atMs, randomBytes(10)),
    time: formatTime(Math.round(atMs * 1000)),
    stream: streamOf(kind),
    kind,
    service: "shop",
    environment: "production",
    host: "web-1",
    ...fields,
  };
}

export const hostile = {
  job: `<img src=x onerror="document.title='taken'">${"VeryLongName".repeat(30)}`,
  runId: "odd/run?x=1#y&%2F",
  line: "<script>document.title='taken'</script> \u202Eevil\u202C \u001b[31mred\u001b[0m \u0007 javascript:alert(1)",
} as const;

const stack = [
  "Net::ReadTimeout: Net::ReadTimeout with #<TCPSocket:(closed)>",
  "app/services/gateway.rb:88:in `post'",
  "app/jobs/charge_card_job.rb:17:in `perform'",
  ...Array.from(
    { length: 30 },
    (_, line) => `/usr/share/rubygems-integration/all/gems/delayed_job-4.1.11/lib/x.rb:${line}`,
  ),
  "bin/delayed_job:5:in `<main>'",
].join("\n");

const timeout = {
  error_class: "Net::ReadTimeout",
  error_message: "Net::ReadTimeout with #<TCPSocket:(closed)>",
  error_stack: stack,
  fingerprint: "9b1f22aa0c1d2e3f",
} as const;

/** An attempt that times out after 31 s; the first two are retried. */
function chargeAttempt(nowMs: number, charge: Fields, attempt: number): readonly EventRecord[] {
  const start = 1400 - attempt * 200;
  const used = { duration_ms: 31_000, cpu_ms: 410, max_rss_bytes: 212_000_000 } as const;
  const about = Object.assign({ attempt }, charge);
  const events = [
    event(nowMs, start - 1, "job.started", Object.assign({ wait_ms: 1100 }, about)),
    event(
      nowMs,
      start - 5,
      "log",
      Object.assign({ severity: "warn", message: `gateway slow, attempt ${attempt}` } as const, about),
    ),
    event(
      nowMs,
      start - 32,
      "job.failed",
      Object.assign({ severity: "error" } as const, about, used, timeout),
    ),
  ];
  if (attempt === 3) return events;
  const next_time = formatTime((nowMs - (start - 200) * 1000) * 1000);
  return [
    ...events,
    event(nowMs, start - 32.001, "job.retried", Object.assign({ attributes: { next_time } }, about)),
  ];
}

/** One run in each state; `charge` is the one that failed for good on its third attempt. */
export function stories(nowMs: number): readonly EventRecord[] {
  const at = (agoSeconds: number, kind: Kind, fields: Fields): EventRecord =>
    event(nowMs, agoSeconds, kind, fields);
  const of = (job: string, runId: string, more: Fields = {}): Fields => ({
    job,
    run_id: runId,
    runtime: "delayed_job",
    queue: "default",
    worker: "web-1:4410:884213",
    release: "4f2c1a",
    ...more,
  });
  const charge = of("ChargeCardJob", "charge-7f31", {
    queue: "payments",
    trace_id: "trace-7f31",
    actor: "POST /checkout",
  });
  const sync = of("SyncInventoryJob", "sync-1");
  const exported = of("ExportReportJob", "export-1", {
    queue: "reports",
    worker: "web-2:21877:884213",
    host: "web-2",
  });
  const webhook = of("WebhookDeliveryJob", "webhook-1", { queue: "webhooks" });
  return [
    at(1201, "http.request", {
      trace_id: "trace-7f31",
      runtime: "rack",
      duration_ms: 182,
      severity: "info",
      message: "POST /checkout 200",
    }),
    at(1200, "job.enqueued", {
      ...charge,
      attributes: { arguments: [{ order: 88213, password: "correct horse" }, "gift"] },
    }),
    ...[1, 2, 3].flatMap((attempt) => chargeAttempt(nowMs, charge, attempt)),
    at(900, "job.enqueued", sync),
    at(899, "job.started", { ...sync, attempt: 1, wait_ms: 900 }),
    at(898, "job.output", {
      ...sync,
      message: "\u001b[32mdone\u001b[0m 41 rows",
      attributes: { stream: "stdout" },
    }),
    at(898, "audit.action", {
      ...sync,
      message: "stock.corrected",
      attributes: { action: "stock.corrected", subject: "sku:7" },
    }),
    at(897, "job.succeeded", { ...sync, attempt: 1, duration_ms: 2400, outcome: "succeeded" }),
    at(700, "job.enqueued", exported),
    at(699, "job.started", { ...exported, attempt: 1 }),
    at(650, "job.lost", {
      ...exported,
      severity: "error",
      error_class: "WorkerKilled",
      error_message: "Killed by the kernel for memory.",
      signal: "SIGKILL",
      message: "The worker (pid 21877 on web-2) is gone.",
    }),
    at(120, "job.enqueued", webhook),
    at(119, "job.started", { ...webhook, attempt: 1 }),
    at(118, "job.failed", {
      ...webhook,
      attempt: 1,
      duration_ms: 900,
      severity: "warn",
      ...timeout,
      error_class: "Faraday::ServerError",
      fingerprint: "c0ffee1700000000",
    }),
    at(118, "job.retried", {
      ...webhook,
      attempt: 1,
      attributes: { next_time: formatTime((nowMs + 300_000) * 1000) },
    }),
    at(60, "job.enqueued", of("ThumbnailJob", "thumb-1", { queue: "media" })),
    at(50, "job.started", of("RollupJob", "rollup-1", { attempt: 1, queue: "reports" })),
    at(40, "job.started", of("OldJob", "old-1", { attempt: 1 })),
    at(
      39,
      "job.discarded",
      of("OldJob", "old-1", {
        attempt: 1,
        error_class: "ActiveJob::DeserializationError",
        error_message: "Couldn't find Order with 'id'=7",
      }),
    ),
    at(38, "job.enqueued", of("CancelledJob", "cancelled-1")),
    at(37, "job.cancelled", of("CancelledJob", "cancelled-1")),
    at(36, "job.heartbeat", of("StrangeJob", "strange-1")),
    at(3600, "worker.started", { worker: "web-1:4410:884213", runtime: "delayed_job" }),
    at(20, "worker.heartbeat", { worker: "web-1:4410:884213", runtime: "delayed_job" }),
    at(650, "worker.lost", {
      worker: "web-2:21877:884213",
      host: "web-2",
      runtime: "delayed_job",
      severity: "error",
    }),
    at(30, "job.enqueued", { job: hostile.job, run_id: hostile.runId, queue: "default" }),
    at(29, "log", { severity: "warn", message: hostile.line }),
    at(28, "log", { severity: "info", message: `long ${"x".repeat(60_000)}` }),
  ];
}

/** Many plain lines, one every so many milliseconds, the newest an hour ago. */
export function manyLines(nowMs: number, count: number): readonly EventRecord[] {
  return Array.from({ length: count }, (_, index) =>
    event(nowMs, 3600 + index * 2, "log", {
      severity: "info",
      runtime: "rails",
      message: `Completed 200 OK in ${index}ms`,
    }),
  );
}

/** A run that succeeds right now. */
export function freshRun(nowMs: number, name: string): readonly EventRecord[] {
  const fields = { job: "FreshJob", run_id: name, runtime: "delayed_job", queue: "default" } as const;
  return [
    event(nowMs, 0.02, "job.started", { ...fields, attempt: 1 }),
    event(nowMs, 0.01, "job.succeeded", { ...fields, attempt: 1, duration_ms: 10 }),
  ];
}

export function freshLine(nowMs: number, message: string): EventRecord {
  return event(nowMs, 0, "log", { severity: "error", message });
}

/** A job that fails for good right now, once for each name of a run. */
export function failing(nowMs: number, job: string, ...names: readonly string[]): readonly EventRecord[] {
  return names.map((name, index) =>
    event(nowMs, names.length - index, "job.failed", {
      job,
      run_id: name,
      attempt: 1,
      severity: "error",
      error_class: "Smtp::Refused",
      error_message: hostile.line.slice(0, hostile.line.indexOf(" \u001b")),
      fingerprint: "5397000000000001",
    }),
  );
}
