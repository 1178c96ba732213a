/** `bin/midwatch` takes the bundle of the commands for hosts only while nothing is newer. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "midwatch-bin-"));
const program = join(folder, "bin/midwatch");
const write = (name: string, text: string, mode = 0o644): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text, { mode });
};
/** What would be run: the last words that Node is given. */
const started = (path: string, ...words: string[]): string =>
  execFileSync(path, words, { encoding: "utf8" }).trim();
const at = (name: string, seconds: number): void => utimesSync(join(folder, name), seconds, seconds);

before(() => {
  mkdirSync(join(folder, "bin"));
  copyFileSync(new URL("../bin/midwatch", import.meta.url).pathname, program);
  write(
    "node_modules/.bin/node",
    '#!/bin/sh\nfor word; do case $word in *.ts | *.mjs) echo "${word##*/}" ;; esac; done\n',
    0o755,
  );
  write("node_modules/.midwatch/host.mjs", "");
  write("node_modules/.midwatch/inputs", "src/one.ts\nsrc/two.ts\n");
  for (const name of ["src/one.ts", "src/two.ts"]) write(name, "");
  symlinkSync(program, join(folder, "link"));
});
after(() => rmSync(folder, { recursive: true }));

test("commands for hosts run from the bundle, all others from the sources, also through a link", () => {
  for (const name of ["src/one.ts", "src/two.ts"]) at(name, 1000);
  at("node_modules/.midwatch/host.mjs", 2000);
  for (const path of [program, join(folder, "link")]) {
    assert.equal(started(path, "exec", "--job", "x"), "host.mjs");
    assert.equal(started(path, "agent"), "host.mjs");
    assert.equal(started(path, "search"), "main.ts");
    assert.equal(started(path), "main.ts");
  }
});

test("with one source newer, or without a bundle, they run from the sources", () => {
  at("src/two.ts", 3000);
  assert.equal(started(program, "exec"), "main.ts");
  at("src/two.ts", 1000);
  assert.equal(started(program, "exec"), "host.mjs");
  rmSync(join(folder, "node_modules/.midwatch/host.mjs"));
  assert.equal(started(program, "exec"), "main.ts");
});
