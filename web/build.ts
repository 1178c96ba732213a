/**
 * Builds the page: a script for each screen and those they have in common, one small script that
 * runs before the first paint, one style sheet, all under names that hold a hash of their content,
 * and an `index.html` with nothing inline, so that the strictest Content-Security-Policy holds. Each
 * is written compressed too. Run it directly, or with `--watch`.
 */
import { mkdir, rm, watch, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync, constants as zlib } from "node:zlib";
import { build, type Metafile, type OutputFile } from "esbuild";

const here = new URL(".", import.meta.url).pathname;

/** Compressed size of all scripts that the first screen needs; a larger page is a failed build. */
const firstGzipBytesMax = 45 * 1024;
/** The same for any other screen. */
const screenGzipBytesMax = 80 * 1024;
const firstScreen = "now";

export type BuiltPage = {
  /** Holds `index.html` and `assets/`. */
  readonly directory: string;
  /** For each screen, the compressed size of all scripts that showing it needs. */
  readonly scriptGzipBytes: Readonly<Record<string, number>>;
  readonly styleGzipBytes: number;
};

/** Writes the page to `directory`; throws when it does not compile or a screen has grown too large. */
export async function buildPage(directory: string = `${here}dist`): Promise<BuiltPage> {
  const result = await build({
    absWorkingDir: here,
    entryPoints: {
      page: fileURLToPath(import.meta.resolve("./main.tsx")),
      first: fileURLToPath(import.meta.resolve("./first.ts")),
      style: "style/main.css",
      icon: "style/icon.svg",
    },
    entryNames: "assets/[name]-[hash]",
    chunkNames: "assets/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome120", "firefox121", "safari17"],
    jsx: "automatic",
    jsxImportSource: "preact",
    loader: { ".svg": "copy" },
    legalComments: "none",
    metafile: true,
    write: false,
    outdir: directory,
  });
  const named = (name: string): OutputFile => {
    const file = result.outputFiles.find((one) => one.path.includes(`/assets/${name}-`));
    if (!file) throw new Error(`the build made no ${name}`);
    return file;
  };
  const scriptGzipBytes = sizesOfScreens(result.metafile, result.outputFiles);
  refuseLarge(scriptGzipBytes);
  await rm(directory, { recursive: true, force: true });
  await mkdir(`${directory}/assets`, { recursive: true });
  for (const file of result.outputFiles) await writeWithCompressed(file);
  const address = (name: string): string => named(name).path.slice(directory.length);
  const common = scriptsOf(result.metafile, fileOfEntry(result.metafile, "main.tsx"))
    .map((file) => `/assets/${file.slice(file.lastIndexOf("/") + 1)}`)
    .filter((file) => file !== address("page"));
  await writeFile(`${directory}/index.html`, indexPage(address, common));
  return { directory, scriptGzipBytes, styleGzipBytes: gzipSync(named("style").contents).length };
}

export function refuseLarge(scriptGzipBytes: BuiltPage["scriptGzipBytes"]): void {
  for (const [screen, bytes] of Object.entries(scriptGzipBytes)) {
    const most = screen === firstScreen ? firstGzipBytesMax : screenGzipBytesMax;
    if (bytes > most) {
      throw new Error(`the scripts of the screen ${screen} are ${bytes} bytes compressed, over ${most}`);
    }
  }
}

function fileOfEntry(metafile: Metafile, entry: string): string {
  const found = Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry);
  if (!found) throw new Error(`the build made nothing of ${entry}`);
  return found[0];
}

/** A script and all that it imports before it can run. */
function scriptsOf(metafile: Metafile, file: string, seen: Set<string> = new Set()): readonly string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imports = metafile.outputs[file]?.imports ?? [];
  const needed = imports.filter(({ kind }) => kind === "import-statement");
  return [file, ...needed.flatMap(({ path }) => scriptsOf(metafile, path, seen))];
}

function sizesOfScreens(metafile: Metafile, files: readonly OutputFile[]): Readonly<Record<string, number>> {
  const bytesOf = (file: string): number => {
    const name = file.slice(file.lastIndexOf("/"));
    const output = files.find(({ path }) => path.endsWith(name));
    if (!output) throw new Error(`the build wrote no ${file}`);
    return gzipSync(output.contents).length;
  };
  const always = ["main.tsx", "first.ts"].flatMap((entry) =>
    scriptsOf(metafile, fileOfEntry(metafile, entry)),
  );
  const entries = Object.values(metafile.outputs).map(({ entryPoint }) => entryPoint ?? "");
  const screens = entries.filter((entry) => entry.startsWith("screens/"));
  return Object.fromEntries(
    screens.map((screen) => {
      const needed = new Set([...always, ...scriptsOf(metafile, fileOfEntry(metafile, screen))]);
      const bytes = [...needed].reduce((sum, file) => sum + bytesOf(file), 0);
      return [screen.slice("screens/".length).replace(/\.tsx$/, ""), bytes];
    }),
  );
}

/** The server sends the smallest that the browser understands; see `@fastify/static`. */
async function writeWithCompressed({ path, contents }: OutputFile): Promise<void> {
  await writeFile(path, contents);
  await writeFile(`${path}.gz`, gzipSync(contents, { level: 9 }));
  const params = { [zlib.BROTLI_PARAM_QUALITY]: 9 };
  await writeFile(`${path}.br`, brotliCompressSync(contents, { params }));
}

function indexPage(address: (name: string) => string, common: readonly string[]): string {
  const early = common.map((file) => `<link rel="modulepreload" href="${file}">\n`).join("");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Midwatch</title>
<link rel="icon" href="${address("icon")}" type="image/svg+xml">
<link rel="stylesheet" href="${address("style")}">
<script src="${address("first")}"></script>
<script type="module" src="${address("page")}"></script>
${early}</head>
<body>
<div id="page"></div>
<noscript>Midwatch shows its page with JavaScript. The same is on the command line: midwatch runs, midwatch search.</noscript>
</body>
</html>
`;
}

async function buildAndSay(): Promise<void> {
  const { directory, scriptGzipBytes, styleGzipBytes } = await buildPage();
  const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} kB`;
  const [largest = ["no screen", 0]] = Object.entries(scriptGzipBytes).sort((a, b) => b[1] - a[1]);
  process.stdout.write(
    `page built in ${directory}: first load ${kilobytes(scriptGzipBytes[firstScreen] ?? 0)} of script and ` +
      `${kilobytes(styleGzipBytes)} of style compressed; the most is ${kilobytes(largest[1])} (${largest[0]})\n`,
  );
}

if (import.meta.main) {
  await buildAndSay();
  if (process.argv.includes("--watch")) {
    for await (const { filename } of watch(here, { recursive: true })) {
      if (filename === null || filename.startsWith("dist")) continue;
      await buildAndSay().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
  }
}
