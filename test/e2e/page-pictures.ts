/** Pictures for the documentation, in `docs/screenshots/`; only with `MIDWATCH_SCREENSHOTS=1`. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PageServer } from "./page-browser.ts";

const directory = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));
const wideInBoth = new Set(["now", "schedule", "runs", "run", "logs"]);
const narrowToo = new Set(["now", "schedule", "run", "logs"]);

/** Paths by the name of their picture. */
export async function takePictures(
  server: PageServer,
  paths: Readonly<Record<string, string>>,
): Promise<void> {
  if (process.env["MIDWATCH_SCREENSHOTS"] !== "1") return;
  mkdirSync(directory, { recursive: true });
  for (const [name, path] of Object.entries(paths)) {
    await take(server, name, path, "night", 1440);
    if (wideInBoth.has(name)) await take(server, name, path, "paper", 1440);
    if (narrowToo.has(name)) await take(server, name, path, "night", 390);
  }
}

async function take(
  server: PageServer,
  name: string,
  path: string,
  theme: "paper" | "night",
  width: number,
): Promise<void> {
  const { page, close } = await server.open(path, { theme, width });
  try {
    await page.waitForFunction(() => document.querySelector(".loading") === null);
    await page.waitForLoadState("networkidle");
    const suffix = width < 700 ? "-narrow" : "";
    await page.screenshot({ path: `${directory}${name}-${theme}${suffix}.png` });
  } finally {
    await close();
  }
}
