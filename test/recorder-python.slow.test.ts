import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

const recorder = new URL("../recorders/python/", import.meta.url).pathname;
/** Debian's Python: a newer one on the path does not see Debian's packages. */
const python = "/usr/bin/python3";
const has = (modules: string): boolean => spawnSync(python, ["-c", `import ${modules}`]).status === 0;
const missing = !has("json") && "Python is not installed";
const cannotBuild =
  !has("build, setuptools, wheel, pip") && "Python's build, setuptools, wheel or pip is missing";
const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", PYTHONWARNINGS: "ignore" };

describe("the Python recorder", { skip: missing }, () => {
  const files = readdirSync(join(recorder, "test")).filter((name) => /^test_.*\.py$/.test(name));

  test("has tests", () => {
    assert.ok(files.length >= 3);
  });

  for (const file of files) {
    test(`passes ${file}`, () => {
      const { status, stderr } = spawnSync(python, [join(recorder, "test", file)], {
        encoding: "utf8",
        env: environment,
      });
      assert.equal(status, 0, stderr);
      assert.match(stderr, /Ran [1-9][0-9]* tests?/);
    });
  }
});

describe("the wheel", { skip: missing || cannotBuild }, () => {
  const folder = mkdtempSync(join(tmpdir(), "midwatch-wheel-"));
  const site = join(folder, "site");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const readme = readFileSync(join(recorder, "README.md"), "utf8");
  const run = (words: readonly string[], more: Record<string, string> = {}): string => {
    const { status, stdout, stderr } = spawnSync(python, words, {
      cwd: folder,
      encoding: "utf8",
      env: { ...environment, ...more },
    });
    assert.equal(status, 0, `${words.join(" ")}: ${stderr}`);
    return stdout;
  };

  before(() => {
    // A copy, for building writes beside what is built.
    cpSync(recorder, join(folder, "recorders/python"), { recursive: true });
    const typed = /^python3 (-m build .*)\n(pip) (install \S+\.whl)$/m.exec(readme);
    assert.ok(typed, "the README says how it is built and installed");
    run((typed[1] ?? "").split(" "));
    // Without a network, and where it disturbs nothing of this machine's Python.
    run(["-m", "pip", ...(typed[3] ?? "").split(" "), "--no-index", "--target", site]);
  });

  test("holds every module and nothing else", () => {
    const modules = (path: string): readonly string[] =>
      readdirSync(path)
        .filter((name) => name.endsWith(".py"))
        .sort();
    assert.deepEqual(modules(join(site, "midwatch")), modules(join(recorder, "midwatch")));
    assert.ok(modules(join(site, "midwatch")).length > 10);
  });

  test("works in an empty application by the README's words", { skip: !has("celery") && "no Celery" }, () => {
    const blocks = Array.from(readme.matchAll(/```python\n([\s\S]*?)```/g), ([, text]) => text ?? "");
    assert.ok(blocks.length >= 4);
    writeFileSync(join(folder, "application.py"), blocks.join("\n"));
    const spool = join(folder, "spool");
    spawnSync("mkdir", [spool]);
    const where = run(["-c", "import application, midwatch; print(midwatch.__file__)"], {
      MIDWATCH_SPOOL: spool,
      PYTHONPATH: site,
    });
    assert.ok(where.startsWith(site), where);
    const written = readdirSync(spool).map((name) => readFileSync(join(spool, name), "utf8"));
    assert.match(written.join(""), /"action":"customer.exported"/);
  });
});
