import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { EventRecord, Json } from "../model/event.ts";
import { deriveKeyring } from "./keyring.ts";
import { forRecorders } from "./recorder-pattern.ts";
import { compileRecorderRules } from "./recorder-rules.ts";
import { redactEvent } from "./redact.ts";
import { compileRules } from "./rules.ts";
import { parseUserRules } from "./user-rules.ts";

type Case<Given> = { readonly job: string; readonly expected: Json } & Given;
type Contract = {
  readonly service: string;
  readonly yaml: string;
  readonly compiled: unknown;
  readonly texts: readonly Case<{ readonly text: string }>[];
  readonly structures: readonly Case<{ readonly value: Json }>[];
  readonly arguments: readonly Case<{ readonly value: Json }>[];
};

const contract = JSON.parse(
  readFileSync(new URL("../../contract/redaction/user-rules.json", import.meta.url), "utf8"),
) as Contract;

function serverOnly(pattern: string): string {
  const found = forRecorders(pattern);
  return "serverOnly" in found ? found.serverOnly : "";
}

describe("the user's rules for recorders", () => {
  test("are those of the contract, which the server replays as they do", () => {
    const user = parseUserRules(contract.yaml);
    assert.deepEqual(JSON.parse(JSON.stringify(compileRecorderRules(user))), contract.compiled);
    const rules = compileRules({ keyring: deriveKeyring(Buffer.from("midwatch test key")), user });
    const redacted = (job: string, fields: Partial<EventRecord>): EventRecord => {
      const event = {
        id: "0192f0a1-b2c3-7d4e-8f90-a1b2c3d4e5f6",
        time: "2026-11-21T01:26:44.000123Z",
        stream: "jobs",
        kind: "job.started",
        service: contract.service,
        job,
        ...fields,
      } as EventRecord;
      return redactEvent(event, rules).event;
    };
    for (const { job, text, expected } of contract.texts)
      assert.equal(redacted(job, { message: text }).message, expected);
    for (const { job, value, expected } of contract.structures)
      assert.deepEqual(redacted(job, { attributes: { given: value } }).attributes?.["given"], expected);
    for (const { job, value, expected } of contract.arguments)
      assert.deepEqual(
        redacted(job, { attributes: { arguments: value } }).attributes?.["arguments"],
        expected,
      );
    assert.ok(
      contract.texts.length >= 15 && contract.structures.length >= 3 && contract.arguments.length >= 5,
    );
  });

  test("have only patterns whose work at each place of a text is bounded", () => {
    for (const pattern of [
      "a*",
      "a+b",
      "a{2,}",
      "(?:ab)+",
      "(?:[a-z]{1,40}){1,40}x",
      "(?:a?){30}b",
      "a{900}",
    ])
      assert.notEqual(serverOnly(pattern), "", pattern);
    assert.equal(serverOnly("[a-z]{1,40}@[a-z]{1,20}"), "");
    assert.match(serverOnly("(?:a|b){1,20}"), /ways/);
    assert.match(serverOnly("a{2}{3}"), /repeats a repetition/);
  });

  test("have only patterns that mean the same to bytes as to characters", () => {
    for (const pattern of [
      ".",
      "[^a]",
      "\\W",
      "é",
      "[à-ü]",
      "\\pL",
      "[[:alpha:]]",
      "(?s:a)",
      "\\Qa",
      "\\x{41}",
      "^a",
      "a$",
      "\\z",
    ])
      assert.notEqual(serverOnly(pattern), "", pattern);
  });

  test("are written in signs that no engine reads otherwise", () => {
    assert.deepEqual(forRecorders("(?i)a-[b-d\\].]{2}?(?P<n>/|#)\\d?"), {
      pattern: "[Aa]\\x2d[b-dB-D\\x5d\\x2e]{2}(?:\\x2f|\\x23)[0-9]{0,1}",
    });
  });
});
