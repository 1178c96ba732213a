// Makes one small program of what runs on monitored hosts (agent, exec, audit), so that it starts
// without stripping types and without looking for a hundred files. Plain JavaScript, because it runs
// before the pinned Node is there. `bin/midwatch` takes the bundle only while it is newer than each
// file it was made of, which are listed beside it.
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

const root = new URL("..", import.meta.url).pathname;
const folder = `${root}node_modules/.midwatch`;
const inputs = `${folder}/inputs`;

export async function bundleHost() {
  if (isFresh()) return;
  // An installation without development packages runs from the sources.
  const { build } = await import("esbuild").catch(() => ({ build: undefined }));
  if (build === undefined) return;
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["src/cli/host.ts"],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    metafile: true,
    logLevel: "error",
    // What is written for CommonJS asks for Node's own modules by `require`.
    banner: { js: 'import{createRequire as _r}from"node:module";const require=_r(import.meta.url);' },
  });
  const own = Object.keys(metafile.inputs).filter((file) => !file.includes("node_modules/"));
  writeFileSync(inputs, [...own, "package-lock.json"].map((file) => `${file}\n`).join(""));
}

function isFresh() {
  if (!existsSync(inputs) || !existsSync(`${folder}/host.mjs`)) return false;
  const madeMs = statSync(`${folder}/host.mjs`).mtimeMs;
  const files = readFileSync(inputs, "utf8").trim().split("\n");
  return files.every((file) => existsSync(`${root}${file}`) && statSync(`${root}${file}`).mtimeMs < madeMs);
}
