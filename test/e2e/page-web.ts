/** Two hours of web servers as their recorder would write them down, and the queue they fill. */
import type { EventRecord, Json } from "../../src/model/event.ts";
import { eventMaker, type Fields } from "./page-event.ts";

const at = eventMaker({ release: "77d0e1" });
const minuteMs = 60_000;
const hosts = ["web-1", "web-2"] as const;

/** Every minute of the last two hours; web-2 is overrun in the last twenty minutes. */
export function webNight(nowMs: number): readonly EventRecord[] {
  const events: EventRecord[] = [];
  for (let ago = 119; ago >= 0; ago -= 1) {
    const atMs = nowMs - ago * minuteMs - 500;
    for (const host of hosts) {
      const isOverrun = overrun(host, ago);
      events.push(said(host, atMs, ago));
      for (let request = 0; request < 6; request += 1) {
        const failed = isOverrun && request === 0;
        events.push(
          at(atMs - request * 9000, "http.request", {
            host,
            runtime: "rack",
            duration_ms: (isOverrun ? 1900 : 60) + request * 17 + (ago % 7) * 9,
            outcome: failed ? "failed" : "succeeded",
            severity: failed ? "error" : "info",
            message: `POST /orders ${failed ? 503 : 201}`,
            attributes: { method: "POST", path: "/orders", status: failed ? 503 : 201 },
          }),
        );
      }
    }
    const mail = {
      host: "web-1",
      job: "ReceiptMailer",
      run_id: `mail-${ago}`,
      queue: "mailers",
      runtime: "delayed_job",
    } as const;
    events.push(at(atMs, "job.enqueued", mail));
    // The mailers fall behind an hour ago.
    if (ago > 60 || ago % 2 === 0) {
      events.push(
        at(atMs + 100, "job.started", {
          ...mail,
          attempt: 1,
          wait_ms: 100,
          worker: "jobs-1:900:1",
          host: "jobs-1",
        }),
        at(atMs + 400, "job.succeeded", {
          ...mail,
          attempt: 1,
          duration_ms: 300,
          worker: "jobs-1:900:1",
          host: "jobs-1",
        }),
      );
    }
  }
  events.push(
    at(nowMs - 7_000_000, "worker.started", {
      worker: "jobs-1:900:1",
      host: "jobs-1",
      runtime: "delayed_job",
    }),
    at(nowMs - 40_000, "worker.heartbeat", {
      worker: "jobs-1:900:1",
      host: "jobs-1",
      runtime: "delayed_job",
    }),
  );
  return events;
}

/**
 * What the servers say at this moment, as they did at the end of the night: who looks more than five
 * minutes after it was sent would find them silent.
 */
export function webNow(nowMs: number): readonly EventRecord[] {
  return hosts.map((host) => said(host, nowMs, 0));
}

function overrun(host: string, agoMinutes: number): boolean {
  return host === "web-2" && agoMinutes < 20;
}

function said(host: string, atMs: number, agoMinutes: number): EventRecord {
  const isOverrun = overrun(host, agoMinutes);
  const busy = isOverrun ? 8 : 2 + (agoMinutes % 3);
  return at(atMs, "puma.stats", {
    ...ofPuma(host),
    attributes: stats(busy, isOverrun ? 20 - agoMinutes : 0),
  });
}

function ofPuma(host: string): Fields {
  return { host, runtime: "puma", severity: "info", worker: `${host}:700:1` };
}

function stats(busy: number, backlog: number): Readonly<Record<string, Json>> {
  const one = (index: number): Json => ({
    index,
    pid: 710 + index,
    phase: 0,
    last_checkin_ms: 1200,
    busy_threads: busy / 2,
    max_threads: 4,
    backlog: index === 0 ? backlog : 0,
    rss_bytes: 182_000_000,
  });
  return { busy_threads: busy, max_threads: 8, backlog, requests_count: 900, workers: [one(0), one(1)] };
}
