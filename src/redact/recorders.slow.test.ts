import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const file = new URL("../../recorders/python/test/test_redact.py", import.meta.url).pathname;
const missing = spawnSync("python3", ["--version"]).status !== 0 && "Python is not installed";

// The tests of the Ruby recorder are run with the rest of its gem.
test("the Python recorder replays the redaction cases", { skip: missing }, () => {
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
  const { status, stderr } = spawnSync("python3", [file], { encoding: "utf8", env: environment });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /Ran [1-9][0-9]* tests/);
});
