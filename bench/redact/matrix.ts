/**
 * The matrix of what leaks: every secret in every container, characters leaked and characters
 * hidden too much; and how many harmless lines are touched.
 */
import { fromBytes, toBytes } from "../../src/redact/json.ts";
import { deriveKeyring } from "../../src/redact/keyring.ts";
import { compileRules } from "../../src/redact/rules.ts";
import { redactText } from "../../src/redact/text.ts";
import { benignLine, containers, materialRandom, pick, secrets } from "./material.ts";

export type Cell = {
  readonly secret: string;
  readonly container: string;
  readonly cases: number;
  /** Cases in which four or more characters of the secret in a row are still there. */
  readonly leaking: number;
  readonly leakedCharacters: number;
  /** Characters of the text beside that are gone. */
  readonly lostCharacters: number;
};

export type Matrix = {
  readonly cells: readonly Cell[];
  readonly benignLines: number;
  readonly benignTouched: readonly string[];
};

const rules = compileRules({ keyring: deriveKeyring(Buffer.from("matrix")) });

function redact(text: string): string {
  const work = { decodeBytesLeft: 65_536, hits: new Map<string, number>() };
  return fromBytes(redactText(toBytes(text), "full", rules.textFor("", ""), work));
}

export function measureMatrix(seed: number, casesPerCell: number, benignLines: number): Matrix {
  const random = materialRandom(seed);
  const cells: Cell[] = [];
  for (const [secret, { keys, make }] of Object.entries(secrets)) {
    for (const container of containers) {
      if (keys.length === 0 && !container.plain) continue;
      let leaking = 0;
      let leakedCharacters = 0;
      let lostCharacters = 0;
      for (let index = 0; index < casesPerCell; index++) {
        const value = make(random);
        const around = `kept ${index} words`;
        const key = keys.length === 0 ? pick(random, ["detail", "label", "ref"]) : pick(random, keys);
        const redacted = redact(container.wrap(key, value, around));
        const left = longestCommon(value, redacted.replace(/\[[a-zA-Z_]{2,}:[^\]]*\]/g, "\0"));
        if (left >= 4) {
          leaking++;
          leakedCharacters += left;
        }
        const kept = /%20/.test(redacted) ? encodeURIComponent(around) : around;
        if (!redacted.includes(kept)) lostCharacters += around.length;
      }
      const name = `${container.language === "any" ? "" : `${container.language}: `}${container.name}`;
      cells.push({ secret, container: name, cases: casesPerCell, leaking, leakedCharacters, lostCharacters });
    }
  }
  const benignTouched: string[] = [];
  for (let index = 0; index < benignLines; index++) {
    const line = benignLine(random);
    const redacted = redact(line);
    if (redacted !== line) benignTouched.push(redacted);
  }
  return { cells, benignLines, benignTouched };
}

/** Length of the longest part of `value` that still stands in `text`. */
function longestCommon(value: string, text: string): number {
  let longest = 0;
  for (let start = 0; start < value.length; start++) {
    while (start + longest < value.length && text.includes(value.slice(start, start + longest + 1)))
      longest++;
  }
  return longest;
}

export function matrixDocument({ cells, benignLines, benignTouched }: Matrix, seed: number): string {
  const names = [...new Set(cells.map((cell) => cell.container))];
  const rows = [...new Set(cells.map((cell) => cell.secret))];
  const cases = sum(cells, "cases");
  const leaking = sum(cells, "leaking");
  const cellText = (secret: string, container: string): string => {
    const cell = cells.find((one) => one.secret === secret && one.container === container);
    return cell ? `${cell.leakedCharacters} / ${cell.lostCharacters}` : "–";
  };
  return [
    "# What redaction finds and what it misses",
    "",
    "Written by `node bench/redact/write-matrix.ts`; do not change it by hand.",
    "",
    "Each cell: characters of secrets leaked / characters of other text lost, over all its cases. A case",
    "leaks when four or more characters of its secret in a row are left. The material comes from the",
    `generator \`bench/redact/material.ts\` with seed ${seed}; the rules were written with the cases in`,
    "`contract/redaction/cases`, which are other texts.",
    "",
    `- ${cases} cases, ${leaking} leak: recall ${(100 - (leaking / cases) * 100).toFixed(2)} %`,
    `- ${benignLines} harmless lines, ${benignTouched.length} touched: ${((benignTouched.length / benignLines) * 100).toFixed(3)} %`,
    "",
    ...[names.slice(0, 8), names.slice(8, 16), names.slice(16, 24), names.slice(24)].flatMap((part) => [
      `| | ${part.join(" | ")} |`,
      `|---|${part.map(() => "---").join("|")}|`,
      ...rows.map((secret) => `| ${secret} | ${part.map((name) => cellText(secret, name)).join(" | ")} |`),
      "",
    ]),
  ].join("\n");
}

function sum(cells: readonly Cell[], name: "cases" | "leaking" | "lostCharacters"): number {
  return cells.reduce((total, cell) => total + cell[name], 0);
}
