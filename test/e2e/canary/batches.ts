/** Canaries in batches: every field and encoding, and everything that the server turns away. */
import assert from "node:assert/strict";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Watch } from "../../../playground/watch.ts";
import { limits } from "../../../src/model/limits.ts";
import { uuidv7 } from "../../../src/model/uuid.ts";
import type { Canary } from "./canaries.ts";
import { markerOf, type Plan } from "./plan.ts";

type Row = Record<string, unknown>;

export function event(fields: Row): Row {
  return {
    id: uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10))),
    time: new Date().toISOString(),
    kind: "log",
    service: "canary",
    ...fields,
  };
}

export function ndjson(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** Answers the status. */
export async function send(
  { address, key }: Watch,
  body: Uint8Array<ArrayBuffer> | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(`${address}/v1/events`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/x-ndjson", ...headers },
  });
  await response.text();
  return response.status;
}

const fields: { readonly [field: string]: (one: Canary, marker: string) => Row } = {
  message: ({ text }, marker) => ({ message: `${marker} ${text}` }),
  error: ({ text }, marker) => ({
    kind: "job.failed",
    run_id: "r1",
    job: "J",
    message: marker,
    error_class: "E",
    error_message: text,
    error_stack: `a.rb:1\n${text}`,
  }),
  actor: ({ text }, marker) => ({ message: marker, actor: text, job: `J ${text}` }),
  attributes: ({ key, value, text }, marker) => ({
    message: marker,
    attributes: { [key]: value, deep: [{ [key]: value, say: text }], [text]: 1 },
  }),
  arguments: ({ key, value }, marker) => ({
    kind: "job.enqueued",
    run_id: "r2",
    job: "J",
    message: marker,
    attributes: { arguments: [{ [key]: value }, [key, value]] },
  }),
  unknown: ({ key, value }, marker) => ({
    message: marker,
    [`x_${key}`]: value,
    extra: { name: key, value },
  }),
};

/** The wire format, in every field that holds text and in every encoding. */
export async function plantBatches(watch: Watch, plan: Plan): Promise<void> {
  for (const [field, make] of Object.entries(fields)) {
    const name = `batch ${field}`;
    const rows = plan.at(name).map((one) => event(make(one, markerOf(name))));
    assert.equal(await send(watch, ndjson(rows)), 200, name);
  }
  for (const [encoding, pack] of [
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const) {
    const body = ndjson(linesOf(plan, `batch ${encoding}`));
    assert.equal(await send(watch, pack(body), { "content-encoding": encoding }), 200, encoding);
  }
  const name = "key block, line by line";
  const block = plan.at(name).find(({ kind }) => kind === "private key") as Canary;
  const lines = [markerOf(name), ...block.value.split("\n")].map((line) =>
    event({ source: "container", message: `#6 0.2 ${line}` }),
  );
  assert.equal(await send(watch, ndjson(lines)), 200, name);
}

export function linesOf(plan: Plan, name: string): readonly Row[] {
  return plan.at(name).map(({ text }) => event({ message: `${markerOf(name)} ${text}` }));
}

/** What the server turns away must not be kept either, nor told in its log. */
export async function plantRefused(watch: Watch, plan: Plan): Promise<void> {
  const name = "refused lines";
  const refused = plan
    .at(name)
    .flatMap(({ text }) => [
      `{"kind":"log","message":${JSON.stringify(text)}`,
      JSON.stringify(event({ time: text })),
      JSON.stringify(event({ kind: text })),
      text,
    ]);
  const marker = JSON.stringify(event({ message: markerOf(name) }));
  assert.equal(await send(watch, `${marker}\n${refused.join("\n")}\n`), 200);
  const texts = (): string =>
    plan
      .lost()
      .map(({ text }) => text)
      .join(" ");
  assert.equal(await send(watch, texts(), { "content-encoding": "gzip" }), 400);
  const long = ndjson([event({ message: texts() + "x".repeat(limits.lineBytesMax) })]);
  assert.equal(await send(watch, long), 200);
  const large = Buffer.alloc(limits.bodyBytesMax + 1, texts());
  // The server may hang up before all of it is sent.
  assert.equal(await send(watch, large).catch(() => 413), 413);
  for (const { value } of plan.lost()) {
    const authorization = `Bearer ${value.replaceAll(/[^\x21-\x7e]/g, "")}`;
    assert.equal(await send(watch, "{}", { authorization }), 401);
  }
  for (const { text, value } of plan.lost()) {
    const path = `/v1/${encodeURIComponent(text)}?token=${encodeURIComponent(value)}`;
    await (await fetch(watch.address + path)).text();
  }
  for (const { text } of plan.lost()) {
    const batch = ` ${text.replaceAll(/[^\x20-\x7e]/g, "")} .`.repeat(2);
    assert.equal(await send(watch, "{}", { "midwatch-batch": batch }), 400, batch);
  }
}
