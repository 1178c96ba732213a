/** Rules in the real server: a pattern in what arrives is an incident, by built-in rules and by one's own. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { BaselineAnswer } from "../api/baseline-schemas.ts";
import type { IncidentList } from "../api/watch-schemas.ts";
import { CommandFailure } from "./exit.ts";
import { loadRules } from "./rules.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

const own = `title: Refund without a reason
id: our-refund
level: high
detection:
  words: [refund abandoned]
  condition: words
`;

describe("rules in the server", () => {
  let folder: string;
  let server: ServerForTests;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "midwatch-rules-"));
    server = await startServerForTests();
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  test("make an incident of five probes of one address, and of nothing else", async () => {
    const request = (path: string, address: string) =>
      recordAgo(1000, {
        stream: "http",
        kind: "http.request",
        service: "shop",
        attributes: { path, status: 404, remote_address: address },
      });
    const probes = ["/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/cgi-bin/x"];
    const sent = await server.post(
      ndjson([...probes.map((path) => request(path, "10.9.8.7")), request("/orders/1", "10.1.1.1")]),
    );
    assert.equal(sent.status, 200);
    const endMs = Date.now() + 60_000;
    let found: IncidentList["rows"] = [];
    while (found.length === 0 && Date.now() < endMs) {
      found = ((await (await server.read("/api/v1/incidents")).json()) as IncidentList).rows;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.deepEqual(
      found.map(({ kind, severity, eventIds }) => [kind, severity, eventIds.length]),
      [["pattern", "info", 5]],
    );
    assert.match(
      found[0]?.because ?? "",
      /\(10\.9\.8\.7, shop\): 5 events within 10 min; rule midwatch-web-scan/,
    );
    assert.deepEqual(
      server.notes.filter((note) => note.includes("cannot ask")),
      [],
    );
  });

  test("of one's own are read beside the built-in ones, and refused with a sentence", () => {
    writeFileSync(join(folder, "ours.yml"), own);
    const { rules } = loadRules(folder);
    assert.ok(
      rules.some(({ id }) => id === "our-refund") && rules.some(({ id }) => id === "midwatch-scanner"),
    );
    writeFileSync(
      join(folder, "wrong.yml"),
      own.replace("condition: words", "condition: others").replace("our-refund", "x"),
    );
    assert.throws(
      () => loadRules(folder),
      (error) =>
        error instanceof CommandFailure &&
        /wrong\.yml: "Refund without a reason": its condition names `others`/.test(error.message),
    );
  });

  test("what is usual of a job is answered, also while it is learnt", async () => {
    const answer = await server.read("/api/v1/jobs/baseline?job=ReportJob&from=-3h");
    assert.equal(answer.status, 200);
    const { hours, sentence } = (await answer.json()) as BaselineAnswer;
    assert.ok(hours.length >= 3);
    assert.match(sentence, /still being learnt/);
    assert.equal((await server.read("/api/v1/jobs/baseline?job=ReportJob&from=-60d")).status, 400);
    assert.deepEqual(await (await server.read("/api/v1/drift")).json(), { rows: [] });
  });
});
