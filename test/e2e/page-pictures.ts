/** Pictures for the documentation, in `docs/screenshots/`; only with `MIDWATCH_SCREENSHOTS=1`. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { PageServer } from "./page-browser.ts";

const directory = fileURLToPath(new URL("../../docs/screenshots/", import.meta.url));

/** Each path in both themes, wide and narrow, by the name of its pictures. */
export async function takePictures(
  server: PageServer,
  paths: Readonly<Record<string, string>>,
): Promise<void> {
  if (process.env["MIDWATCH_SCREENSHOTS"] !== "1") return;
  mkdirSync(directory, { recursive: true });
  for (const [name, path] of Object.entries(paths)) {
    for (const theme of ["night", "paper"] as const)
      for (const width of [1440, 390]) await take(server, name, path, theme, width);
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
