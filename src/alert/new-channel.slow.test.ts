/**
 * A new kind of channel is one file and a line of the registry: a copy of the sources gets one, is
 * compiled, and tells through it. No other file may know the name of a kind.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { channelKinds } from "./kinds.ts";

const root = new URL("../..", import.meta.url).pathname;

const pigeon = `/** A carrier pigeon. */
import type { ChannelKind } from "../channel.ts";

export const pigeon: ChannelKind = {
  fields: { loft: { form: "text", required: true, about: "where it lives" } },
  hearsAcknowledgements: false,
  make: (settings) => ({
    send: async (_message, { heading }) => ({
      outcome: "delivered",
      receipt: \`\${settings.text("loft") ?? ""} took \${heading}\`,
    }),
  }),
};
`;

const story = `
import { readAlertSetup } from "./src/alert/setup.ts";
import { testChannel } from "./src/alert/test-channel.ts";
const setup = readAlertSetup("channels: { roof: { kind: pigeon, loft: north } }", {
  clock: () => 0,
  randomBytes: (count) => new Uint8Array(count),
  readSecret: () => "",
  variable: () => undefined,
});
const said = await testChannel("roof", setup, "id", 0);
console.log(JSON.stringify(said));
`;

describe("a new kind of channel", () => {
  let copy: string;
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "midwatch-channel-"));
    for (const name of ["model", "receive", "redact", "seal", "store", "detect", "alert"]) {
      const isSource = (path: string): boolean => !/\.(test|contract)\.ts$/.test(path);
      cpSync(join(root, "src", name), join(copy, "src", name), { recursive: true, filter: isSource });
    }
    cpSync(join(root, "contract"), join(copy, "contract"), { recursive: true });
    for (const name of ["package.json", "tsconfig.json"]) cpSync(join(root, name), join(copy, name));
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    writeFileSync(join(copy, "src/alert/channels/pigeon.ts"), pigeon);
  });
  after(() => rmSync(copy, { recursive: true }));

  test("is one file, its import and its line in the registry", () => {
    const registry = join(copy, "src/alert/kinds.ts");
    const before = readFileSync(registry, "utf8");
    const after = before
      .replace("import { ntfy }", 'import { pigeon } from "./channels/pigeon.ts";\nimport { ntfy }')
      .replace("  ntfy,\n", "  ntfy,\n  pigeon,\n");
    assert.notEqual(before, after);
    writeFileSync(registry, after);
    const configuration = { extends: "./tsconfig.json", include: ["src/alert"] };
    writeFileSync(join(copy, "tsconfig.check.json"), JSON.stringify(configuration));
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.check.json", "--noEmit"], {
      cwd: copy,
      stdio: "pipe",
    });
    writeFileSync(join(copy, "story.ts"), story);
    const said = execFileSync(process.execPath, ["story.ts"], { cwd: copy, encoding: "utf8" });
    assert.deepEqual(JSON.parse(said), {
      outcome: "delivered",
      receipt: "north took [TEST] This is a test of the channel roof. Nothing is wrong.",
    });
  });

  test("is named nowhere else: no other source knows the name of a kind", () => {
    const kinds = Object.keys(channelKinds);
    assert.ok(kinds.length >= 8);
    const sources = globSync("src/{alert,api,store,model,detect}/**/*.ts", { cwd: root }).filter(
      (path) =>
        !path.endsWith(".test.ts") &&
        !path.startsWith("src/alert/channels/") &&
        path !== "src/alert/kinds.ts",
    );
    assert.ok(sources.length > 50);
    // These are ordinary words; the others mean nothing but the channel.
    const words: ReadonlySet<string> = new Set(["command", "email"]);
    const named = new RegExp(`["'\`](${kinds.filter((kind) => !words.has(kind)).join("|")})["'\`]`);
    assert.match('if (channel.kind === "pagerduty")', named);
    assert.deepEqual(
      sources.filter((path) => named.test(readFileSync(join(root, path), "utf8"))),
      [],
    );
  });
});
