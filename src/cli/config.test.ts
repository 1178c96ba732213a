import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadConfig } from "./config.ts";
import { CommandFailure } from "./exit.ts";

const directory = mkdtempSync(join(tmpdir(), "midwatch-config-"));
after(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, "midwatch.yaml");
  writeFileSync(path, text);
  return path;
}

function complaint(act: () => unknown): string {
  let message = "";
  assert.throws(act, (error) => {
    assert.ok(error instanceof CommandFailure && error.exit === "usage", String(error));
    ({ message } = error);
    return true;
  });
  return message;
}

test("everything has a default, and the data directory follows the environment", () => {
  assert.equal(loadConfig({}, { HOME: "/home/ann" }).values.data, "/home/ann/.local/share/midwatch");
  assert.equal(loadConfig({}, { XDG_DATA_HOME: "/x" }).values.data, "/x/midwatch");
  assert.deepEqual(loadConfig({}, {}).values.listen, { host: "127.0.0.1", port: 4180 });
});

test("a flag wins over a variable, that over the file, that over the default", () => {
  const config = file(
    "data: /from/file\nlisten: 127.0.0.1:1111\nlog: { format: json }\nretention:\n  logs: 7\n",
  );
  const { values, given } = loadConfig(
    { config, listen: "[::1]:3333" },
    { MIDWATCH_LISTEN: "127.0.0.1:2222", MIDWATCH_DATA: "/from/variable" },
  );
  assert.deepEqual(values.listen, { host: "::1", port: 3333 });
  assert.equal(values.data, "/from/variable");
  assert.equal(values["log.format"], "json");
  assert.equal(values["retention.logs"], 7);
  assert.equal(given["retention.logs"].from, `${config}:5`);
  assert.equal(given.data.from, "$MIDWATCH_DATA");
});

test("all that is wrong is told at once, with its line and a suggestion", () => {
  const config = file("lisen: 127.0.0.1:1\nlog:\n  fromat: json\n  level: loud\nretention: 5\n");
  const text = complaint(() => loadConfig({ config }, { MIDWATCH_LISTN: "x" }));
  assert.match(text, /yaml:1: unknown key `lisen`, did you mean `listen`\?/);
  assert.match(text, /yaml:3: unknown key `log\.fromat`, did you mean `format`\?/);
  assert.match(text, /yaml:4: `log\.level` must be one of trace, debug/);
  assert.match(text, /yaml:5: `retention` is a group of settings/);
  assert.match(text, /\$MIDWATCH_LISTN: there is no such variable, did you mean `MIDWATCH_LISTEN`\?/);
});

test("an address that others can reach is refused without TLS, with the ways to do it instead", () => {
  for (const listen of ["0.0.0.0:4180", "[::]:4180", "10.0.0.1:80", "example.org:80"]) {
    assert.match(
      complaint(() => loadConfig({ listen }, {})),
      /wants TLS: `--tls self`.*ssh -L/,
      listen,
    );
    assert.match(
      complaint(() => loadConfig({ listen, tls: "self", access: "open" }, {})),
      /whoever reaches the server may do everything/,
      listen,
    );
    assert.equal(loadConfig({ listen, tls: "self" }, {}).values["tls.mode"], "self");
    assert.equal(loadConfig({ listen }, { MIDWATCH_PLAINTEXT: "allowed" }).values.plaintext, "allowed");
  }
  for (const listen of ["127.0.0.1", "127.0.0.1:70000", ":80", "localhost:x"]) {
    assert.match(
      complaint(() => loadConfig({ listen }, {})),
      /--listen: `listen` must be an address and a port/,
      listen,
    );
  }
  assert.deepEqual(loadConfig({ listen: "localhost:0" }, {}).values.listen, { host: "localhost", port: 0 });
});

test("a file that is no YAML, no mapping, twofold or missing is refused", () => {
  assert.match(
    complaint(() => loadConfig({ config: file("a: [") }, {})),
    /midwatch\.yaml: /,
  );
  assert.match(
    complaint(() => loadConfig({ config: file("- a\n") }, {})),
    /expected settings/,
  );
  assert.match(
    complaint(() => loadConfig({ config: file("data: /a\ndata: /b\n") }, {})),
    /unique/,
  );
  assert.match(
    complaint(() => loadConfig({ config: join(directory, "none.yaml") }, {})),
    /cannot be read/,
  );
  assert.equal(loadConfig({ config: file("# nothing\n") }, {}).values.environment, "production");
});
