/** Rules in Sigma's form: what they mean, what is refused, and what the built-in ones find and leave alone. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Json } from "../../model/event.ts";
import type { StoredEvent } from "../../store/store.ts";
import { makeMatcher } from "./matcher.ts";
import { readAllRules } from "./pack.ts";
import { readRules } from "./rule.ts";

let made = 0;
function event(more: Partial<StoredEvent>): StoredEvent {
  made += 1;
  return {
    id: `e-${made}`,
    time: new Date(Date.UTC(2026, 10, 21, 3) + made * 1000).toISOString(),
    stream: "logs",
    kind: "log",
    segment: 1,
    segment_index: made,
    ...more,
  };
}
const request = (path: string, more: { readonly [key: string]: Json } = {}): StoredEvent =>
  event({
    stream: "http",
    kind: "http.request",
    service: "shop",
    attributes: { path, status: 200, remote_address: "10.1.2.3", ...more },
  });

const ruleOf = (detection: string): string =>
  `title: T\nid: t\nlevel: high\ndetection:\n${detection.replace(/^/gm, "  ")}\n`;
const matcherOf = (text: string) => makeMatcher(readRules([{ name: "own.yml", text }]));
const isMatched = (detection: string, one: StoredEvent): boolean =>
  matcherOf(ruleOf(detection)).match([one], 0).length > 0;

describe("a rule in Sigma's form", () => {
  const meanings: readonly (readonly [detection: string, event: StoredEvent, matches: boolean])[] = [
    ["s: {message: 'Fine'}\ncondition: s", event({ message: "fine" }), true],
    ["s: {message|cased: 'Fine'}\ncondition: s", event({ message: "fine" }), false],
    ["s: {message: 'fin*ly'}\ncondition: s", event({ message: "finally" }), true],
    ["s: {message: 'fin*ly'}\ncondition: s", event({ message: "finallys" }), false],
    ["s: {message: 'wha?\\?'}\ncondition: s", event({ message: "what?" }), true],
    ["s: {message: 'wha?\\?'}\ncondition: s", event({ message: "whats" }), false],
    ["s: {message|contains|all: [abc, def]}\ncondition: s", event({ message: "def abc" }), true],
    ["s: {message|contains|all: [abc, def]}\ncondition: s", event({ message: "def" }), false],
    ["s: {message|startswith: abc}\ncondition: s", event({ message: "abcd" }), true],
    ["s: {message|endswith: abc}\ncondition: s", event({ message: "abcd" }), false],
    [
      "s: {message|contains: word, c-ip|cidr: 10.0.0.0/8}\ncondition: s",
      event({ message: "word", attributes: { remote_address: "10.9.9.9" } }),
      true,
    ],
    [
      "s: {message|contains: word, c-ip|cidr: 10.0.0.0/8}\ncondition: s",
      event({ message: "word", attributes: { remote_address: "11.9.9.9" } }),
      false,
    ],
    [
      "s: {message|contains: word, size|gte: 10}\ncondition: s",
      event({ message: "word", attributes: { size: 10 } }),
      true,
    ],
    [
      "s: {message|contains: word, size|gt: 10}\ncondition: s",
      event({ message: "word", attributes: { size: 10 } }),
      false,
    ],
    ["s: {message|contains: word, message|re: '^w.rd$'}\ncondition: s", event({ message: "word" }), true],
    ["s: {message|contains: word, user: null}\ncondition: s", event({ message: "word" }), true],
    ["s: {message|contains: word, user|exists: true}\ncondition: s", event({ message: "word" }), false],
    [
      "s: {message|contains: word}\nf: {host: web-1}\ncondition: s and not f",
      event({ message: "word", host: "web-1" }),
      false,
    ],
    [
      "s: {message|contains: word}\nf: {host: web-1}\ncondition: s and not f",
      event({ message: "word", host: "web-2" }),
      true,
    ],
    [
      "a_1: {message|contains: one1}\na_2: {message|contains: two2}\ncondition: 1 of a_*",
      event({ message: "two2" }),
      true,
    ],
    [
      "a_1: {message|contains: one1}\na_2: {message|contains: two2}\ncondition: all of them",
      event({ message: "two2" }),
      false,
    ],
    ["s: [alpha, beta]\ncondition: s", event({ message: "the Beta" }), true],
    ["s: [{message|contains: alpha}, {host: beta}]\ncondition: s", event({ host: "beta" }), true],
    ["s: {cs-uri-query|contains: '../'}\ncondition: s", request("/a/%252e%252e%252fb"), true],
  ];
  for (const [detection, one, matches] of meanings) {
    test(`${detection.replaceAll("\n", "; ")} ${matches ? "is" : "is not"} about ${one.message ?? JSON.stringify(one.attributes)}`, () => {
      assert.equal(isMatched(detection, one), matches);
    });
  }

  const refused: readonly (readonly [detection: string, because: RegExp])[] = [
    ["s: {message|base64offset|contains: x}\ncondition: s", /modifier `base64offset` is not supported/],
    ["s: {message: abc}\ncondition: s and other", /names `other`, which it does not define/],
    ["s: {message: abc}\ncondition: (s", /lacks a closing parenthesis/],
    ["s: {message: abc}\ncondition: s | count() > 5", /old form/],
    ["s: {message|re: '.*'}\ncondition: s", /would be about every event/],
    ["s: {message|contains: word, message|re: '(?=a)'}\ncondition: s", /cannot be read/],
    ["s: {message: abc}\ncondition: s s", /means nothing there/],
  ];
  for (const [detection, because] of refused) {
    test(`is refused: ${String(because)}`, () => {
      assert.throws(() => matcherOf(ruleOf(detection)), because);
    });
  }

  test("finds nothing that the store would not have given it", () => {
    const { mayMatch } = matcherOf(
      ruleOf("s: {cs-uri|contains: ['../', 'union select']}\nt: {sc-status: 404}\ncondition: s or t"),
    );
    assert.deepEqual(mayMatch.attributes, [{ key: "status", values: ["404"] }]);
    for (const word of ["../", "..%2f", "%2e%2e%2f", "%252e%252e%252f", "select"]) {
      assert.ok(mayMatch.texts.includes(word), `${word} is looked for`);
    }
  });
});

describe("a correlation", () => {
  const base = `title: R\nid: r\nname: refused\nlevel: low\ndetection: {s: {sc-status: 401}, condition: s}\n---\n`;
  const correlation = (type: string, condition: string): string =>
    `${base}title: C\nid: c\nlevel: high\ncorrelation: {type: ${type}, rules: [refused], group-by: [c-ip], timespan: 1m, condition: ${condition}}\n`;
  const refusedAt = (seconds: number, address: string, path = "/"): StoredEvent => ({
    ...request(path, { status: 401, remote_address: address }),
    time: new Date(Date.UTC(2026, 10, 21, 3, 0, seconds)).toISOString(),
  });

  test("counts what belongs together within its timespan, and tells once", () => {
    const matcher = matcherOf(correlation("event_count", "{gte: 3}"));
    const found = (events: readonly StoredEvent[]) =>
      matcher.match(events, 0).map(({ ruleId, group, count }) => [ruleId, group, count]);
    assert.deepEqual(found([refusedAt(0, "a"), refusedAt(1, "b"), refusedAt(2, "a")]), []);
    assert.deepEqual(found([refusedAt(3, "a")]), [["c", "a", 3]]);
    assert.deepEqual(found([refusedAt(4, "a")]), [], "the same flood is told of once");
    assert.deepEqual(found([refusedAt(200, "b"), refusedAt(201, "b")]), [], "the first is too long ago");
  });

  test("counts different values", () => {
    const matcher = matcherOf(correlation("value_count", "{gte: 2, field: cs-uri-stem}"));
    assert.deepEqual(matcher.match([refusedAt(0, "a", "/x"), refusedAt(1, "a", "/x")], 0), []);
    assert.equal(matcher.match([refusedAt(2, "a", "/y")], 0).length, 1);
  });

  test("sees several rules in their order", () => {
    const text = `title: A\nid: a\nname: first\ndetection: {s: [alpha], condition: s}\n---\ntitle: B\nid: b\nname: second\ndetection: {s: [beta], condition: s}\n---\ntitle: C\nid: c\nlevel: high\ncorrelation: {type: temporal_ordered, rules: [first, second], group-by: [host], timespan: 1m}\n`;
    const line = (message: string): StoredEvent => event({ message, host: "h" });
    assert.equal(matcherOf(text).match([line("beta"), line("alpha")], 0).length, 0);
    assert.equal(matcherOf(text).match([line("alpha"), line("beta")], 0).length, 1);
  });

  test("is refused where it names a rule that is not there", () => {
    const text = correlation("event_count", "{gte: 3}").replace("[refused]", "[others]");
    assert.throws(() => matcherOf(text), /names the rule `others`, and there is none/);
  });
});

describe("the built-in rules", () => {
  const matcher = () => makeMatcher(readAllRules([]));
  const idsOf = (events: readonly StoredEvent[]): readonly string[] =>
    matcher()
      .match(events, 0)
      .map(({ ruleId }) => ruleId);

  const attacks: readonly (readonly [rule: string, events: readonly StoredEvent[]])[] = [
    [
      "midwatch-web-scan",
      ["/.env", "/.git/config", "/wp-login.php", "/phpmyadmin", "/cgi-bin/a"].map((path) =>
        request(path, { status: 404 }),
      ),
    ],
    [
      "midwatch-web-not-found-many",
      Array.from({ length: 40 }, (_, number) => request(`/no-${number}`, { status: 404 })),
    ],
    ["midwatch-brute-force", Array.from({ length: 30 }, () => request("/session", { status: 401 }))],
    [
      "midwatch-login-refused-many",
      Array.from({ length: 30 }, () =>
        event({ host: "h", message: "Failed password for root from 10.0.0.1" }),
      ),
    ],
    ["midwatch-sql-injection", [request("/a?q=1%27%20UNION+SELECT%20name%20from%20users")]],
    ["midwatch-traversal", [request("/files/..%2f..%2fsecret")]],
    ["midwatch-code-injection", [request("/", { user_agent: "${jndi:ldap://x}" })]],
    ["midwatch-scanner", [request("/", { user_agent: "sqlmap/1.8" })]],
    ["midwatch-log-injection", [request("/a%0d%0aSet-Cookie:x")]],
    [
      "midwatch-job-payload",
      [
        event({
          message:
            "Refusing to deserialize untrusted content of type pickle (application/x-python-serialize)",
        }),
      ],
    ],
    [
      "midwatch-puma-timeout",
      [
        event({
          message: "! Terminating timed out worker (worker failed to check in within 60 seconds): 4711",
        }),
      ],
    ],
  ];
  for (const [rule, events] of attacks) {
    test(`find ${rule}`, () => assert.ok(idsOf(events).includes(rule), idsOf(events).join(", ")));
  }

  test("leave ordinary requests and lines alone", () => {
    const paths = [
      "/",
      "/orders/42",
      "/orders?state=union",
      "/search?q=select+a+gift",
      "/assets/app-3f2a.js",
      "/users/1/edit",
      "/a/../b",
      "/reports/2026-11?from=1&to=2",
    ];
    const lines = [
      'Started GET "/orders" for 127.0.0.1',
      "Completed 200 OK in 12ms",
      "Task billing.rollup succeeded in 0.2s",
      "retrying after 503",
    ];
    const ordinary = [
      ...paths.map((path) => request(path, { user_agent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" })),
      ...lines.map((message) => event({ message })),
    ];
    assert.equal(ordinary.length, 12);
    assert.deepEqual(idsOf(ordinary), []);
    assert.deepEqual(idsOf(Array.from({ length: 10 }, () => request("/session", { status: 401 }))), []);
  });

  test("may be replaced by one with the same id", () => {
    const text = `title: Mine\nid: midwatch-scanner\nlevel: high\ndetection: {s: {cs-user-agent|contains: mine}, condition: s}\n`;
    const mine = makeMatcher(readAllRules([{ name: "own.yml", text }]));
    assert.deepEqual(mine.match([request("/", { user_agent: "sqlmap" })], 0), []);
    assert.equal(mine.match([request("/", { user_agent: "mine" })], 0)[0]?.title, "Mine");
  });
});
