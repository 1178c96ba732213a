/**
 * A real server with the built page, and a real browser that reports whatever a strict reader
 * would complain of: console errors, violations of the policy, requests to anybody else.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import type { AccessMode } from "../../src/access/access.ts";
import { makeKey } from "../../src/access/keyring.ts";
import { loadConfig } from "../../src/cli/config.ts";
import { type RunningServer, startServer } from "../../src/cli/server-process.ts";
import type { EventRecord } from "../../src/model/event.ts";
import { buildPage } from "../../web/build.ts";

type Theme = "paper" | "night";

export type Watched = {
  readonly page: Page;
  /** What should not have happened so far; empty when all is well. */
  readonly complaints: () => readonly string[];
  readonly requests: () => number;
  readonly close: () => Promise<void>;
};

export type PageServer = {
  readonly address: string;
  /** Where the first administrator comes in. */
  readonly firstLink: string | undefined;
  /** Resolves when they can be queried, or, without waiting, when they are taken. */
  readonly send: (events: readonly EventRecord[], options?: { readonly wait: boolean }) => Promise<void>;
  /** Stops the server only; the directory goes with `close`. */
  readonly stop: () => Promise<void>;
  readonly open: (
    path: string,
    options?: { readonly theme?: Theme; readonly width?: number },
  ) => Promise<Watched>;
  readonly close: () => Promise<void>;
};

/** Whoever opens the page may do everything, unless it is said otherwise. */
export async function startPageServer({
  access = "open",
  alerts,
  fill,
}: {
  readonly access?: AccessMode;
  /** Writes to the data directory before the server opens it. */
  readonly fill?: (dataDirectory: string) => Promise<void>;
  /** The text of the file of channels. */
  readonly alerts?: string;
} = {}): Promise<PageServer> {
  const directory = mkdtempSync(join(tmpdir(), "midwatch-page-"));
  const { directory: pageDirectory } = await buildPage(join(directory, "page"));
  const alertsFile = join(directory, "alerts.yaml");
  if (alerts !== undefined) writeFileSync(alertsFile, alerts);
  const { values: config } = loadConfig(
    { data: join(directory, "data"), listen: "127.0.0.1:0" },
    { MIDWATCH_ACCESS: access, ...(alerts !== undefined && { MIDWATCH_ALERTS: alertsFile }) },
  );
  await fill?.(config.data);
  const random = (count: number): Uint8Array => randomBytes(count);
  const server = await startServer({
    config,
    clock: Date.now,
    randomBytes: random,
    note: () => undefined,
    pid: process.pid,
    hostname: "watch-1",
    pageDirectory,
  });
  const { key } = await makeKey(
    server.control,
    { name: "test", scopes: ["send"] },
    { clock: Date.now, randomBytes: random },
  );
  const browser = await chromium.launch({
    executablePath: process.env["MIDWATCH_CHROMIUM"] ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    address: server.address,
    firstLink: server.firstLink,
    send: async (events, { wait } = { wait: true }) => {
      await send(server, key, events);
      if (wait) await server.settled();
    },
    stop: async () => await server.close(),
    open: async (path, options) => await openPage(browser, server.address, path, options),
    close: async () => {
      await browser.close();
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function send(server: RunningServer, key: string, events: readonly EventRecord[]): Promise<void> {
  const body = events.map((event) => JSON.stringify(event)).join("\n");
  const headers = { authorization: `Bearer ${key}`, "midwatch-source": "web-1" };
  const answer = await fetch(`${server.address}/v1/events`, { method: "POST", headers, body });
  const reply = (await answer.json()) as { accepted?: number };
  if (reply.accepted !== events.length) throw new Error(`not all was accepted: ${JSON.stringify(reply)}`);
}

async function openPage(
  browser: Browser,
  address: string,
  path: string,
  { theme = "paper", width = 1440 }: { readonly theme?: Theme; readonly width?: number } = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height: 1000 },
    colorScheme: theme === "night" ? "dark" : "light",
    timezoneId: "Europe/Zurich",
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  let requests = 0;
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning")
      complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`error: ${error.stack ?? error.message}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    requests += 1;
    if (!request.url().startsWith(`${address}/`)) complaints.push(`request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(address + path);
  await page.waitForSelector("main h1, main .empty, main .problem");
  return {
    page,
    complaints: () => complaints,
    requests: () => requests,
    close: async () => await context.close(),
  };
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type AxeResult = {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
  readonly passes: readonly unknown[];
};

/** Violations of the accessibility rules as lines, and how many rules passed. */
export async function checkAccess(
  page: Page,
): Promise<{ readonly violations: readonly string[]; readonly passed: number }> {
  await page.evaluate(axeSource);
  const result = await page.evaluate<AxeResult>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return {
    passed: result.passes.length,
    violations: result.violations.flatMap(({ id, nodes }) =>
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ""}`),
    ),
  };
}
