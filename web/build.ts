/**
 * Builds the page: one script, one small script that runs before the first paint, one style sheet,
 * all under names that hold a hash of their content, and an `index.html` with nothing inline, so
 * that the strictest Content-Security-Policy holds. Run it directly, or with `--watch`.
 */
import { mkdir, rm, watch, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type OutputFile } from "esbuild";

const here = new URL(".", import.meta.url).pathname;

/** Compressed size of all scripts together; a larger page is a failed build. */
const scriptGzipBytesMax = 80 * 1024;

export type BuiltPage = {
  /** Holds `index.html` and `assets/`. */
  readonly directory: string;
  readonly scriptGzipBytes: number;
  readonly styleGzipBytes: number;
};

/** Writes the page to `directory`; throws when it does not compile or has grown too large. */
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
    bundle: true,
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
  const scripts = [named("page"), named("first")];
  const scriptGzipBytes = scripts.reduce((sum, file) => sum + gzipSync(file.contents).length, 0);
  if (scriptGzipBytes > scriptGzipBytesMax) {
    throw new Error(`the page's script is ${scriptGzipBytes} bytes compressed, over ${scriptGzipBytesMax}`);
  }
  const address = (name: string): string => named(name).path.slice(directory.length);
  await rm(directory, { recursive: true, force: true });
  await mkdir(`${directory}/assets`, { recursive: true });
  for (const file of result.outputFiles) await writeFile(file.path, file.contents);
  await writeFile(`${directory}/index.html`, indexPage(address));
  return { directory, scriptGzipBytes, styleGzipBytes: gzipSync(named("style").contents).length };
}

function indexPage(address: (name: string) => string): string {
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
</head>
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
  process.stdout.write(
    `page built in ${directory}: script ${kilobytes(scriptGzipBytes)}, style ${kilobytes(styleGzipBytes)} compressed\n`,
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
