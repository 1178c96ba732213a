import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { describeServer } from "./describe.ts";

type Operation = {
  operationId?: string;
  summary?: string;
  responses: Record<string, unknown>;
  tags?: string[];
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

const root = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { version: string };
const document = (await describeServer(version)) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    operation,
  })),
);

test("every route that the code adds is in the document", () => {
  const folder = new URL("src/api/routes/", root);
  const added = globSync("*.ts", { cwd: folder }).flatMap((file) => {
    const text = readFileSync(new URL(file, folder), "utf8");
    return [...text.matchAll(/"(\/(?:v1|api|healthz)[\w/:.]*)"/g)].map((match) =>
      (match[1] ?? "").replace(/:(\w+)/g, "{$1}"),
    );
  });
  assert.ok(added.length >= 15, `saw ${added.length} routes`);
  for (const path of added) assert.ok(document.paths[path], `${path} is described`);
});

test("every operation has a name of its own, a summary, a subject, and says how it refuses", () => {
  assert.ok(operations.length >= 18, `saw ${operations.length} operations`);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
  for (const { name, operation } of operations) {
    const { operationId, summary, tags, responses } = operation;
    assert.ok(operationId && summary && tags?.length === 1, name);
    const statuses = Object.keys(responses);
    assert.ok(
      statuses.some((status) => status.startsWith("2")),
      name,
    );
    assert.ok(statuses.includes("421"), `${name} names the refusal that every route shares`);
  }
});

test("the document is OpenAPI 3.1 whose references lead somewhere and whose schemas are schemas", () => {
  assert.equal(document.openapi, "3.1.0");
  const text = JSON.stringify(document);
  for (const [, reference = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = reference
      .split("/")
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)?.[key], document);
    assert.ok(target, reference);
  }
  assert.doesNotMatch(text, /"~(kind|optional|unsafe)"/);
});

test("docs/reference/openapi.json is what the code says now", () => {
  const kept = JSON.parse(readFileSync(new URL("docs/reference/openapi.json", root), "utf8")) as unknown;
  assert.deepEqual(
    kept,
    JSON.parse(JSON.stringify(document)),
    "write it anew with: node_modules/.bin/node scripts/reference.ts",
  );
});
