/** Writes the reference pages that come from the code; tests hold them fresh. */
import { mkdirSync, writeFileSync } from "node:fs";
import { describeServer } from "../src/api/describe.ts";
import { configurationReference } from "../src/cli/configuration.ts";
import { makeProgram } from "../src/cli/program.ts";
import { commandReference } from "../src/cli/reference.ts";
import { plainTerminal } from "../src/cli/terminal.ts";
import { version } from "../src/cli/version.ts";

const folder = new URL("../docs/reference/", import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL("openapi.json", folder), `${JSON.stringify(await describeServer(version), null, 2)}\n`);
writeFileSync(new URL("cli.md", folder), commandReference(makeProgram(plainTerminal)));
writeFileSync(new URL("configuration.md", folder), configurationReference());
console.log("Wrote openapi.json, cli.md and configuration.md to docs/reference");
