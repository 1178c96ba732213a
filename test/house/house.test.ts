import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { describe, test } from "node:test";
import {
  dependencyComplaints,
  directionComplaints,
  foldersOfArchitecture,
  importsOf,
  type Lock,
  lockComplaints,
  nameComplaints,
  pageComplaints,
  sizeComplaints,
  surroundingsComplaints,
  wordComplaints,
  workshopComplaints,
} from "./rules.ts";
import { filesBelow, read, root } from "./tree.ts";

const files = filesBelow(".");
const architecture = read("ARCHITECTURE.md");
const folders = foldersOfArchitecture(architecture);

/** A file that breaks a rule: every rule must have something to say about its own. */
const planted = (path: string, text: string) => [{ path, text }];

describe("the house", () => {
  test("is read at all", () => {
    assert.ok(files.length > 40, `only ${files.length} files`);
    assert.ok(folders.length > 12, `only ${folders.length} folders in ARCHITECTURE.md`);
  });

  test("has exactly the folders that ARCHITECTURE.md names", () => {
    const tracked = new Set(files.map(({ path }) => path));
    const isTracked = (folder: string): boolean => [...tracked].some((path) => path.startsWith(`${folder}/`));
    const below = (parent: string): readonly string[] =>
      readdirSync(root + parent)
        .map((name) => (parent === "." ? name : `${parent}/${name}`))
        .filter((path) => !path.startsWith(".") && statSync(root + path).isDirectory() && isTracked(path));
    const found = [...below("src"), ...below(".").filter((path) => path !== "src")];
    assert.deepEqual([...folders].sort(), found.sort());
  });

  test("has an architecture page that can be read in one sitting", () => {
    assert.ok(architecture.split("\n").length <= 150);
  });

  test("lets imports point one way only", () => {
    const imports = importsOf(files);
    assert.ok(
      imports.filter(({ from }) => from.startsWith("src/")).length > 60,
      `only ${imports.length} imports seen`,
    );
    assert.deepEqual(directionComplaints(imports, folders), []);
    assert.deepEqual(pageComplaints(imports), []);

    const wrongWay = importsOf(planted("src/model/wrong.ts", 'import { x } from "../store/store.ts";\n'));
    assert.equal(directionComplaints(wrongWay, folders).length, 1);
    const intoPage = importsOf(planted("web/wrong.tsx", 'import { x } from "../src/store/store.ts";\n'));
    assert.equal(pageComplaints(intoPage).length, 1);
  });

  test("names things after what they are about", () => {
    assert.deepEqual(nameComplaints(files), []);
    assert.equal(nameComplaints(planted("src/store/utils.ts", "")).length, 1);
    assert.equal(nameComplaints(planted("web/helpers/a.ts", "")).length, 1);
  });

  test("writes words out", () => {
    assert.deepEqual(wordComplaints(files), []);
    assert.equal(wordComplaints(planted("src/store/a.ts", "const opts = 1;")).length, 1);
  });

  test("reaches its surroundings through src/cli alone", () => {
    assert.deepEqual(surroundingsComplaints(files), []);
    assert.equal(surroundingsComplaints(planted("src/store/a.ts", "const now = Date.now();")).length, 1);
    assert.equal(surroundingsComplaints(planted("src/store/a.ts", "// Date.now() is not used")).length, 0);
  });

  test("has no room for everything", () => {
    assert.deepEqual(sizeComplaints(files), []);
    assert.equal(sizeComplaints(planted("src/store/a.ts", "\n".repeat(600))).length, 1);
  });

  test("does not speak of the machine it was written on", () => {
    assert.deepEqual(workshopComplaints(files), []);
    assert.equal(workshopComplaints(planted("docs/a.md", "see /root/notes")).length, 1);
  });

  test("can be installed on every platform its dependencies support", () => {
    assert.deepEqual(lockComplaints(JSON.parse(read("package-lock.json")) as Lock), []);
    const broken = { packages: { a: { resolved: "https://x", optionalDependencies: { "a-darwin": "1" } } } };
    assert.equal(lockComplaints(broken).length, 2);
  });

  test("says of every dependency why it is there", () => {
    const manifest = JSON.parse(read("package.json")) as Record<"dependencies" | "devDependencies", object>;
    const names = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    const decisions = filesBelow("docs/decisions")
      .map(({ text }) => text)
      .join("\n");
    assert.ok(names.length > 10);
    assert.deepEqual(dependencyComplaints(names, decisions), []);
    assert.equal(dependencyComplaints(["left-pad"], decisions).length, 1);
  });

  test("has every file that its documents link to", () => {
    const documents = files.filter(({ path }) => path.endsWith(".md"));
    const links = documents.flatMap(({ path, text }) =>
      Array.from(text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g), (match) => ({
        path,
        target: `${path.split("/").slice(0, -1).join("/")}/${match[1]}`.replace(/^\//, ""),
      })),
    );
    assert.ok(links.length > 3, `only ${links.length} links seen`);
    assert.deepEqual(
      links.filter(({ target }) => !existsSync(root + target)),
      [],
    );
  });
});
