/**
 * Who may do what, on a running server: every route for every kind of asker as the policy says it,
 * what a team sees of another one's things, and what is recorded of all this.
 */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makeKey } from "../access/keyring.ts";
import { type Need, type Right, roleNames, roles, routes, scopeNames, scopes } from "../access/policy.ts";
import type { ErrorAnswer, EventPage, RunPage } from "../api/schemas.ts";
import type { IncidentList } from "../api/watch-schemas.ts";
import type { EventRecord } from "../model/event.ts";
import { uuidv7 } from "../model/uuid.ts";
import { ndjson, recordAgo, type ServerForTests, startServerForTests } from "./server-for-tests.ts";

type Asker = {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly rights: readonly Right[];
  readonly known: boolean;
};

const about = (service: string, run: string) => ({
  service,
  environment: "production",
  job: `${service}Job`,
  run_id: run,
});
const records: readonly EventRecord[] = ["shop", "billing"].flatMap((service) => [
  recordAgo(3000, { stream: "jobs", kind: "job.started", ...about(service, `${service}-1`), attempt: 1 }),
  recordAgo(2000, {
    stream: "jobs",
    kind: "job.failed",
    ...about(service, `${service}-1`),
    severity: "error",
    error_class: "Trouble",
    error_message: `canary-of-${service}`,
  }),
  recordAgo(1000, {
    ...about(service, `${service}-1`),
    message: `canary-of-${service}`,
    severity: "info",
    attributes: {
      arguments: { card: `canary-args-${service}` },
      remote_address: `canary-address-${service}`,
    },
  }),
]);

describe("access", () => {
  let server: ServerForTests;
  const askers: Asker[] = [];
  const people = new Map<string, Readonly<Record<string, string>>>();

  before(async () => {
    server = await startServerForTests({ access: "people", tailBeatMs: 200 });
    const { accepted } = (await (await server.post(ndjson(records))).json()) as { accepted: number };
    assert.equal(accepted, records.length);
    await server.settled();
    for (const role of roleNames) {
      for (const service of ["shop", "billing"]) {
        const headers = await signedIn(`${role} of ${service}`, role, [service]);
        askers.push({ name: `${role} of ${service}`, headers, rights: roles[role].rights, known: true });
      }
    }
    for (const scope of scopeNames) {
      const sources = { clock: Date.now, randomBytes: (count: number) => randomBytes(count) };
      const { key } = await makeKey(server.control, { name: scope, scopes: [scope] }, sources);
      const headers = { authorization: `Bearer ${key}` };
      askers.push({ name: `key ${scope}`, headers, rights: scopes[scope].rights, known: true });
    }
    askers.push({ name: "nobody", headers: {}, rights: [], known: false });
    askers.push({ name: "a made-up cookie", headers: cookie("A".repeat(43)), rights: [], known: false });
    askers.push({
      name: "owner",
      headers: {
        authorization: `Bearer ${readFileSync(join(server.directory, "data", "owner.key"), "utf8").trim()}`,
      },
      rights: roles.administrator.rights,
      known: true,
    });
  });
  after(async () => await server.close());

  const cookie = (secret: string) => ({ cookie: `midwatch-session=${secret}` });

  /** As a browser is that has signed in; passwords are tried elsewhere. */
  async function signedIn(name: string, role: string, services?: readonly string[]) {
    const nowMs = Date.now();
    const id = name.replaceAll(" ", "-");
    const secret = randomBytes(32).toString("base64url");
    if (!(await server.control.person(id))) {
      await server.control.addPerson({ id, name, role, createdMs: nowMs, ...(services && { services }) });
    }
    await server.control.putSession({
      id: createHash("sha256").update(secret).digest("hex"),
      personId: id,
      madeMs: nowMs,
      seenMs: nowMs,
      provenMs: nowMs,
      expiresMs: nowMs + 3_600_000,
      by: "test",
      address: "127.0.0.1",
      browser: "test",
    });
    people.set(name, cookie(secret));
    return cookie(secret);
  }

  async function ask(route: string, headers: Asker["headers"], path = route.split(" ")[1] ?? "") {
    const [method = "GET"] = route.split(" ");
    const body = method === "GET" || method === "DELETE" ? {} : { body: "{}" };
    const type = "body" in body ? { "content-type": "application/json" } : {};
    return await fetch(server.address + path, {
      method,
      redirect: "manual",
      headers: { "midwatch-request": "1", ...type, ...headers },
      ...body,
    });
  }

  /** What the policy says, written a second time and in other words than the code that admits. */
  function expected(need: Need, { rights, known }: Asker): "admitted" | "sign in" | "refused" {
    if (need === "anyone") return "admitted";
    if (need === "sender") return rights.includes("send") ? "admitted" : "sign in";
    if (!known) return "sign in";
    return need === "signed in" || rights.includes(need) ? "admitted" : "refused";
  }

  test("every route admits and refuses every kind of asker as the policy says", async () => {
    const counts = { admitted: 0, "sign in": 0, refused: 0 };
    const wrong: string[] = [];
    for (const [route, need] of Object.entries(routes)) {
      // Who is admitted is refused for the parameter, before anything is looked for: 2,000 answers cost little.
      const path = `${(route.split(" ")[1] ?? "").replace(/:\w+/g, "none").replace("*", "none")}?table=1`;
      // Whoever signs out is not there for the rest of the table.
      const asking = askers.filter(({ known }) => route !== "POST /api/v1/sign-out" || !known);
      await Promise.all(
        asking.map(async (asker) => {
          const response = await ask(route, asker.headers, path);
          // The answer is what counts, not its end: a tail has none.
          await response.body?.cancel();
          const wanted = expected(need, asker);
          counts[wanted] += 1;
          const got = { 401: "sign in", 403: "refused" }[response.status] ?? "admitted";
          if (got !== wanted)
            wrong.push(`${route} for ${asker.name}: ${got} (${response.status}), expected ${wanted}`);
        }),
      );
    }
    assert.deepEqual(wrong, []);
    assert.ok(
      counts.admitted > 300 && counts["sign in"] > 100 && counts.refused > 200,
      JSON.stringify(counts),
    );
  });

  test("what belongs to another team is answered as what is not there", async () => {
    let looked = 0;
    for (const role of ["responder", "analyst", "administrator"]) {
      const headers = people.get(`${role} of shop`) ?? {};
      const own = (await (await ask("GET /api/v1/events?limit=1000", headers)).json()) as EventPage;
      assert.ok(own.rows.length >= 3, role);
      assert.deepEqual([...new Set(own.rows.map(({ service }) => service))], ["shop"]);
      const foreign = records[3];
      const absent = uuidv7(Date.now(), randomBytes(10));
      for (const path of ["/api/v1/events/ID", "/api/v1/events/ID/proof"]) {
        const there = await ask("GET", headers, path.replace("ID", foreign?.id ?? ""));
        const gone = await ask("GET", headers, path.replace("ID", absent));
        assert.deepEqual([there.status, await there.text()], [gone.status, await gone.text()], path);
        looked += 1;
      }
      const run = await ask("GET", headers, "/api/v1/runs/billing-1");
      const noRun = await ask("GET", headers, "/api/v1/runs/none-1");
      assert.deepEqual([run.status, await run.text()], [noRun.status, await noRun.text()]);
      for (const path of [
        "/api/v1/runs",
        "/api/v1/jobs",
        "/api/v1/values?field=service",
        "/api/v1/overview",
        "/api/v1/incidents",
      ]) {
        const text = await (await ask("GET", headers, path)).text();
        assert.doesNotMatch(text, /billing/, `${role} ${path}`);
        looked += 1;
      }
    }
    assert.ok(looked >= 15, String(looked));
  });

  test("each role reads the fields it may, and cannot search what it cannot read", async () => {
    const texts = async (role: string, path: string): Promise<string> =>
      await (await ask("GET", people.get(`${role} of shop`) ?? {}, path)).text();
    const line = records[2]?.id ?? "";
    assert.match(
      await texts("analyst", `/api/v1/events/${line}`),
      /canary-of-shop.*canary-args.*canary-address/,
    );
    const responder = await texts("responder", `/api/v1/events/${line}`);
    assert.match(responder, /canary-of-shop/);
    assert.doesNotMatch(responder, /canary-args|canary-address/);
    assert.doesNotMatch(await texts("viewer", "/api/v1/runs/shop-1"), /canary/);
    assert.match(await texts("viewer", "/api/v1/runs"), /shop-1[^]*\[hidden\]/);
    assert.doesNotMatch(await texts("viewer", "/api/v1/runs"), /canary/);
    assert.doesNotMatch(await texts("auditor", "/api/v1/events?limit=1000"), /canary/);
    const refused = await ask("GET", people.get("responder of shop") ?? {}, "/api/v1/events?q=arguments:x");
    assert.deepEqual([refused.status, ((await refused.json()) as ErrorAnswer).code], [403, "RIGHT_MISSING"]);
  });

  test("the tail tells a listener only of its own team", async () => {
    const stop = new AbortController();
    const response = await fetch(`${server.address}/api/v1/tail`, {
      headers: people.get("analyst of shop") ?? {},
      signal: stop.signal,
    });
    assert.equal(response.status, 200);
    await server.post(
      ndjson(["billing", "shop"].map((service) => recordAgo(0, { service, message: `tailed ${service}` }))),
    );
    let heard = "";
    for await (const chunk of response.body ?? []) {
      heard += new TextDecoder().decode(chunk);
      if (heard.includes("tailed shop")) break;
    }
    stop.abort();
    assert.doesNotMatch(heard, /billing/);
  });

  test("a tail ends when its listener's session does", async () => {
    const leaving = await signedIn("listener", "analyst");
    const response = await fetch(`${server.address}/api/v1/tail`, { headers: leaving });
    assert.equal(response.status, 200);
    await server.control.dropSessionsOf("listener");
    let heard = "";
    for await (const chunk of response.body ?? []) heard += new TextDecoder().decode(chunk);
    assert.match(heard, /retry/, "it was heard, and then it ended");
  });

  test("who looked at what is recorded, and the auditor finds it", async () => {
    await ask("GET", people.get("analyst of billing") ?? {}, "/api/v1/events?q=bank&limit=7");
    const refused = await ask("GET", people.get("viewer of shop") ?? {}, "/api/v1/events?q=forbidden");
    assert.equal(refused.status, 403);
    const auditor = await signedIn("auditor", "auditor");
    const deadlineMs = Date.now() + 30_000;
    const seen: { search?: EventRecord; denial?: EventRecord } = {};
    while ((!seen.search || !seen.denial) && Date.now() < deadlineMs) {
      await server.settled();
      const page = (await (
        await ask("GET", auditor, "/api/v1/events?stream=audit&limit=1000")
      ).json()) as EventPage;
      const by = (name: string, query: RegExp) =>
        page.rows.find(
          ({ actor, attributes }) =>
            actor === name && query.test(JSON.stringify(attributes?.["query"] ?? "")),
        );
      Object.assign(seen, {
        search: by("analyst of billing", /q: bank/),
        denial: by("viewer of shop", /forbidden/),
      });
    }
    assert.deepEqual(
      [
        seen.search?.kind,
        seen.search?.outcome,
        seen.search?.attributes?.["route"],
        seen.search?.attributes?.["rows"],
      ],
      ["access.sensitive_read", "success", "GET /api/v1/events", 0],
    );
    assert.deepEqual([seen.denial?.kind, seen.denial?.outcome], ["access.authz_fail", "failure"]);
    // Who is no auditor and no administrator does not see it.
    const analyst = (await (
      await ask("GET", people.get("analyst of shop") ?? {}, "/api/v1/events?stream=audit")
    ).json()) as EventPage;
    assert.deepEqual(analyst.rows, []);
  });

  test("a person who is shut out, or a session that is ended, gets nothing from the next request on", async () => {
    const gone = await signedIn("leaver", "analyst");
    assert.equal((await ask("GET", gone, "/api/v1/events")).status, 200);
    const changed = await fetch(`${server.address}/api/v1/people/leaver`, {
      method: "PUT",
      headers: {
        "midwatch-request": "1",
        "content-type": "application/json",
        ...people.get("administrator of shop"),
      },
      body: JSON.stringify({ disabled: true }),
    });
    assert.equal(changed.status, 200);
    assert.equal((await ask("GET", gone, "/api/v1/events")).status, 401);
    const incidents = (await (
      await ask("GET", people.get("responder of shop") ?? {}, "/api/v1/incidents")
    ).json()) as IncidentList;
    assert.ok(Array.isArray(incidents.rows));
    const runs = (await (
      await ask("GET", people.get("viewer of shop") ?? {}, "/api/v1/runs")
    ).json()) as RunPage;
    assert.ok(runs.rows.length > 0);
  });
});
