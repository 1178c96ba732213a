import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRow } from "../model/batch.ts";
import { type EventRecord, type Json, type Kind, streamOf } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { deriveKeyring } from "./keyring.ts";
import { redactBatch, redactEvent } from "./redact.ts";
import { type CompiledRules, compileRules } from "./rules.ts";
import { parseUserRules } from "./user-rules.ts";

const keyring = deriveKeyring(Buffer.from("midwatch test key"));
const event: EventRecord = {
  id: "0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
  time: "2026-11-21T01:26:44.000123Z",
  stream: "jobs",
  kind: "job.started",
};

function rulesOf(yaml: string): CompiledRules {
  return compileRules({ keyring, user: parseUserRules(yaml) });
}

/** As a row and as a record, which must agree. */
function redacted(fields: { readonly [name: string]: Json }, rules: CompiledRules): EventRecord {
  const record = { ...event, ...fields } as EventRecord;
  const { batch } = readNdjson(
    Buffer.from(`${JSON.stringify(record)}\n`),
    Date.parse("2026-11-21T02:00:00Z"),
  );
  const { received_time: _, ...row } = readRow(redactBatch(batch, rules).batch, 0);
  assert.deepEqual(row, redactEvent(record, rules).event);
  return row;
}

describe("rules of the user", () => {
  test("hide further keys, everywhere or for some services and jobs", () => {
    const rules = rulesOf(`
keys:
  - words: [loyaltyNumber]
  - words: [voucher]
    services: [shop]
    jobs: ["Mail::*"]
`);
    const message = "loyalty_number=7 voucher=8";
    assert.doesNotMatch(redacted({ message }, rules).message ?? "", /=7/);
    assert.match(redacted({ message }, rules).message ?? "", /voucher=8/);
    assert.match(redacted({ message, service: "shop", job: "X" }, rules).message ?? "", /voucher=8/);
    assert.doesNotMatch(redacted({ message, service: "shop", job: "Mail::A" }, rules).message ?? "", /=8/);
  });

  test("hide what a pattern finds, with and without keywords, also between characters of several bytes", () => {
    for (const keywords of ["", "\n    keywords: [ord-]"]) {
      const rules = rulesOf(`patterns:\n  - id: order\n    pattern: 'ORD-[0-9]{4}é?'${keywords}`);
      assert.match(
        redacted({ message: "aé ORD-1234é ü" }, rules).message ?? "",
        /^aé \[REDACTED:custom:[0-9a-f]{8}\] ü$/,
      );
      assert.equal(redacted({ message: "ORD-12" }, rules).message, "ORD-12");
    }
  });

  test("allow keys and values", () => {
    const rules = rulesOf(`
allow:
  keys: [device token]
  values: ["help@example.com"]
`);
    const message = "device_token=abc for help@example.com";
    assert.equal(redacted({ message, attributes: { deviceToken: "abc" } }, rules).message, message);
  });

  test("change what is left behind", () => {
    const rules = rulesOf("classes: { email: mask, ip: mask, card: drop, phone: off }");
    assert.equal(
      redacted({ message: "bob@example.com 10.1.2.3 +1 415 555 2671" }, rules).message,
      "[email:example.com] [ip:10.1.2.0/24] +1 415 555 2671",
    );
    assert.match(redacted({ message: "4111111111111111" }, rules).message ?? "", /^\[REDACTED:card:/);
  });

  test("record of a sensitive job only a digest of its arguments, the same for equal arguments", () => {
    const rules = rulesOf("jobs:\n  - job: Payroll*\n    arguments: digest");
    const first = redacted({ job: "PayrollJob", attributes: { arguments: [{ a: 1, b: 2 }] } }, rules);
    const second = redacted({ job: "PayrollJob", attributes: { arguments: [{ b: 2, a: 1 }] } }, rules);
    assert.deepEqual(first.attributes, second.attributes);
    assert.match(JSON.stringify(first.attributes), /^\{"arguments":\{"digest":"v1:[0-9a-f]{32}"\}\}$/);
    assert.deepEqual(redactEvent(first, rules).event, first);
    const other = redacted({ job: "OtherJob", attributes: { arguments: [1] } }, rules);
    assert.deepEqual(other.attributes, { arguments: [1] });
  });

  test("hide arguments of a job by position and name", () => {
    const rules = rulesOf("jobs:\n  - job: LoginJob\n    hide: [0, hint]");
    const { attributes } = redacted(
      { job: "LoginJob", attributes: { arguments: ["a", "b", { hint: "c", n: 1 }] } },
      rules,
    );
    assert.match(
      JSON.stringify(attributes),
      /\["\[REDACTED:argument:[0-9a-f]{8}\]","b",\{"hint":"\[REDACTED:argument:[0-9a-f]{8}\]","n":1\}\]/,
    );
  });

  test("count positions in what a recorder wraps, and along the names that it gives", () => {
    const rules = rulesOf("jobs:\n  - job: LoginJob\n    hide: [1]");
    const hidden = (value: Json): string =>
      JSON.stringify(redacted({ job: "LoginJob", attributes: { arguments: value } }, rules).attributes);
    assert.match(hidden({ args: ["a", "b"], kwargs: {} }), /\["a","\[REDACTED:argument:[0-9a-f]{8}\]"\]/);
    assert.match(hidden({ user: "a", note: "b" }), /"user":"a","note":"\[REDACTED:argument:[0-9a-f]{8}\]"/);
    assert.match(hidden({ object: "Order:1", arguments: ["a", "b"] }), /"Order:1","arguments":\["a","\[/);
    assert.equal(hidden(["a", ["c", "d"]]).includes('"c"'), false);
  });

  test("say by stream what is left behind", () => {
    const rules = rulesOf(
      "classes: { email: drop }\nstreams: { http: { email: mask }, audit: { email: off } }",
    );
    const message = "from bob@example.com";
    const said = (kind: Kind): string =>
      redacted({ kind, stream: streamOf(kind), message }, rules).message ?? "";
    assert.match(said("log"), /^from \[REDACTED:email:[0-9a-f]{8}\]$/);
    assert.equal(said("http.request"), "from [email:example.com]");
    assert.equal(said("audit.action"), message);
  });

  test("are refused with every fault named", () => {
    const wrong = `
keyz: []
classes: { email: hash, nothing: drop }
patterns:
  - { id: "A", pattern: "(" }
  - { id: b, pattern: "x*" }
jobs:
  - { job: X }
`;
    assert.throws(
      () => parseUserRules(wrong),
      (error) =>
        error instanceof Fault &&
        [
          "`rules.keyz` is not known",
          "classes.email",
          "classes.nothing",
          "patterns[0].id",
          "patterns[0].pattern",
          "matches the empty text",
          "`jobs[0]` must have",
        ].every((part) => error.message.includes(part)),
    );
  });
});

describe("a private key in lines of its own", () => {
  test("is hidden from BEGIN to END, over batches, for its source alone", () => {
    const rules = compileRules({ keyring });
    const body = "MIIEpAIBAAKCAQEAxx1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
    const lines = ["#6 0.1 -----BEGIN RSA PRIVATE KEY-----", `#6 0.2 ${body}`, "#6 0.3 short0PartAB=="];
    const after = ["#6 0.4 -----END RSA PRIVATE KEY-----", `#6 0.5 ${body}`];
    const send = (messages: readonly string[], source: string): readonly string[] => {
      const text = messages.map((message) => JSON.stringify({ ...event, source, message }));
      const { batch } = readNdjson(Buffer.from(`${text.join("\n")}\n`), Date.parse("2026-11-21T02:00:00Z"));
      const safe = redactBatch(batch, rules).batch;
      return messages.map((_, row) => readRow(safe, row).message ?? "");
    };
    const first = send(lines, "one");
    assert.equal(first.join().includes("MIIE"), false);
    assert.equal(first[2], "#6 0.3 [REDACTED:private_key]");
    assert.equal(send([`#6 0.2 ${body}`], "two")[0], `#6 0.2 ${body}`);
    assert.equal(send(after, "one")[1], `#6 0.5 ${body}`);
  });
});
