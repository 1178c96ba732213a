/**
 * Lines that nobody wrote for this: the logs of the machine it runs on, and the changelogs of its
 * Debian packages. What is touched beside e-mail addresses, which are real there, is taken for harmless.
 */
import { globSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { toBytes } from "../../src/redact/json.ts";
import { compileRules } from "../../src/redact/rules.ts";
import { redactText } from "../../src/redact/text.ts";

const places = ["/var/log/**/*.log", "/usr/share/doc/*/changelog.Debian.gz"];
const linesMax = 400_000;

export type RealLines = { readonly lines: number; readonly touched: number };

export function measureRealLines(): RealLines {
  const rules = compileRules();
  const text = rules.textFor("", "");
  let lines = 0;
  let touched = 0;
  for (const path of places.flatMap((place) => globSync(place))) {
    for (const line of linesOf(path)) {
      if (lines === linesMax) return { lines, touched };
      lines++;
      const hits = new Map<string, number>();
      const work = { decodeBytesLeft: rules.ruleset.limits.decodeBytesMax, hits };
      redactText(toBytes(line), "full", text, work);
      if ([...hits.keys()].some((rule) => rule !== "email")) touched++;
    }
  }
  return { lines, touched };
}

/** None of a file that may not be read. */
function linesOf(path: string): readonly string[] {
  try {
    const bytes = readFileSync(path);
    const text = path.endsWith(".gz") ? gunzipSync(bytes) : bytes;
    return text
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
  } catch {
    return [];
  }
}
