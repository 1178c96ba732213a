import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatTime } from "../../model/time.ts";
import type { Told } from "./format.ts";
import { formats } from "./formats.ts";

const settings = { zoneMinutes: () => 60, nowMs: Date.UTC(2026, 0, 2) };

function read(name: string, record: string): Told & { time?: string } {
  const told = formats.get(name)?.read(record, settings);
  assert.ok(told, `no format ${name}`);
  return told.micros === undefined ? told : { ...told, time: formatTime(told.micros) };
}

describe("an access line", () => {
  const line =
    '203.0.113.9 - maria [01/Jan/2026:03:10:00 +0100] "POST /orders?card=4111111111111111 HTTP/1.1" 503 120 "-" "curl/8"';

  test("tells method, path, status and time, and never the query", () => {
    for (const name of ["access", "nginx", "puma"]) {
      const told = read(name, line);
      assert.equal(told.kind, "http.request", name);
      assert.equal(told.time, "2026-01-01T02:10:00.000000Z");
      assert.deepEqual(told.attributes, {
        method: "POST",
        path: "/orders",
        status: 503,
        remote_address: "203.0.113.9",
        bytes: 120,
        user_agent: "curl/8",
      });
      assert.equal(told.fields.severity, "error");
      assert.ok(!JSON.stringify(told).includes("4111"));
    }
  });

  test("of Puma ends with the seconds it took", () => {
    const told = read("puma", '127.0.0.1 - - [01/Jan/2026:03:10:00 +0000] "GET / HTTP/1.1" 200 - 0.0123');
    assert.equal(told.fields.duration_ms, 12.3);
  });

  test("that is none is a plain line", () => {
    assert.deepEqual(read("access", "what is this"), { kind: "log", fields: { message: "what is this" } });
  });
});

describe("Puma's own lines", () => {
  test("have their pid and severity", () => {
    const told = read(
      "puma",
      "[4410] ! Terminating timed out worker (worker failed to check in within 60 seconds): 4412",
    );
    assert.equal(told.fields.severity, "error");
    assert.deepEqual(told.attributes, { pid: 4410 });
  });

  test("lose the query that is glued to the path of an error", () => {
    const record =
      '2026-01-01 03:10:00 +0000 Rack app ("GET /boompassword=hunter2" - (127.0.0.1)): #<RuntimeError: x>\napp.rb:3:in `call\'';
    const told = read("puma", record);
    assert.ok(!told.fields.message?.includes("hunter2"), told.fields.message ?? "");
    assert.match(told.fields.message ?? "", /in `call'/);
    assert.equal(formats.get("puma")?.begins("app.rb:3:in `call'"), false);
  });
});

describe("Rails", () => {
  test("in Ruby's own format gives time, severity, request id and message", () => {
    const told = read(
      "rails",
      'I, [2026-01-01T03:10:00.000123 #99]  INFO -- : [11111111-2222-3333-4444-555555555555] Started GET "/users?token=abc" for 127.0.0.1',
    );
    assert.equal(told.time, "2026-01-01T02:10:00.000123Z");
    assert.equal(told.fields.trace_id, "11111111-2222-3333-4444-555555555555");
    assert.equal(told.fields.message, 'Started GET "/users" for 127.0.0.1');
    assert.equal(told.fields.severity, "info");
  });

  test("keeps the frames of a stack with their error", () => {
    const begins = formats.get("rails")?.begins;
    assert.equal(begins?.("app/models/order.rb:17:in `charge'"), false);
    assert.equal(begins?.("  "), false);
    assert.equal(begins?.("Completed 500 Internal Server Error in 3ms"), true);
  });
});

describe("Celery", () => {
  test("gives job and run, and cuts off what the task returned", () => {
    const told = read(
      "celery",
      "[2026-01-01 03:10:00,250: INFO/ForkPoolWorker-1] Task billing.charge[0d3a4c1e-1111-2222-3333-444444444444] succeeded in 0.0023s: 'tok_secret'",
    );
    assert.equal(told.time, "2026-01-01T02:10:00.250000Z");
    assert.deepEqual(
      [told.fields.job, told.fields.run_id],
      ["billing.charge", "0d3a4c1e-1111-2222-3333-444444444444"],
    );
    assert.ok(!JSON.stringify(told).includes("tok_secret"));
  });

  test("goes on over a traceback", () => {
    assert.equal(formats.get("celery")?.begins("Traceback (most recent call last):"), false);
  });
});

describe("nginx' error log", () => {
  test("loses queries in the request and the referrer", () => {
    const told = read(
      "nginx",
      '2026/01/01 03:10:00 [error] 31#31: *7 upstream timed out, client: 10.0.0.1, request: "GET /a?token=x HTTP/1.1", referrer: "https://a.example/b?c=secret"',
    );
    assert.equal(told.time, "2026-01-01T02:10:00.000000Z");
    assert.equal(told.fields.severity, "error");
    assert.ok(!/token|secret/.test(told.fields.message ?? ""), told.fields.message ?? "");
  });
});

describe("syslog", () => {
  test("without a year is of this one, or of the last around New Year", () => {
    assert.equal(
      read("syslog", "Jan  1 03:10:00 web-1 CRON[77]: (app) CMD (true)").time,
      "2026-01-01T02:10:00.000000Z",
    );
    const old = read("syslog", "<11>Dec 31 23:10:00 web-1 app: late");
    assert.equal(old.time, "2025-12-31T22:10:00.000000Z");
    assert.deepEqual([old.fields.severity, old.fields.message, old.fields.host], ["error", "late", "web-1"]);
  });

  test("with a precise time and by RFC 5424", () => {
    assert.equal(
      read("syslog", "2026-01-01T03:10:00.123456+01:00 web-1 cron[7]: x").time,
      "2026-01-01T02:10:00.123456Z",
    );
    const told = read("syslog", '<165>1 2026-01-01T02:10:00.5Z web-1 app 77 ID47 [a@1 b="c]"] hello');
    assert.deepEqual(
      [told.fields.message, told.attributes?.["program"], told.fields.severity],
      ["hello", "app", "info"],
    );
  });
});

describe("JSON lines", () => {
  test("give the usual keys their fields and keep the rest", () => {
    const told = read(
      "json",
      '{"time":"2026-01-01T02:10:00Z","level":"WARN","msg":"slow","request_id":"r-1","ms":12}',
    );
    assert.equal(told.time, "2026-01-01T02:10:00.000000Z");
    assert.deepEqual(told.fields, { message: "slow", severity: "warn", trace_id: "r-1" });
    assert.deepEqual(told.attributes, { ms: 12 });
  });

  test("read times in seconds, milliseconds, microseconds and nanoseconds", () => {
    for (const time of [1767233400, 1767233400000, 1767233400000000, 1767233400000000000]) {
      assert.equal(
        read("json", JSON.stringify({ time })).time?.slice(0, 19),
        "2026-01-01T02:10:00",
        String(time),
      );
    }
  });

  test("that are broken are plain lines", () => {
    assert.equal(read("json", '{"a":').fields.message, '{"a":');
  });
});

test("no format fails on anything, nor takes long over it", () => {
  const nasty = [
    "",
    "\u0000",
    "[".repeat(20_000),
    '"'.repeat(20_000),
    `<${"9".repeat(500)}>`,
    "Task a[".repeat(3000),
    "- - ".repeat(9000),
  ];
  for (const format of formats.values()) {
    for (const record of nasty) {
      assert.ok(format.read(record, settings).fields, format.name);
      assert.equal(typeof format.begins(record), "boolean");
    }
  }
});
