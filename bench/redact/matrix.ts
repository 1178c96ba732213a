/**
 * The matrix of what leaks: every secret in every container, characters leaked and characters
 * hidden too much; and how many harmless lines are touched.
 */
import { fromBytes, toBytes } from "../../src/redact/json.ts";
import { deriveKeyring } from "../../src/redact/keyring.ts";
import { compileRules } from "../../src/redact/rules.ts";
import { redactText } from "../../src/redact/text.ts";
import { longestCommon } from "./common-part.ts";
import {
  benignLine,
  type Container,
  containers,
  heldOutBenignLine,
  heldOutContainers,
  materialRandom,
  pick,
  secrets,
} from "./material.ts";

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
  /** Of lines of kinds that no rule was changed for. */
  readonly heldOutTouched: readonly string[];
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
    for (const container of [...containers, ...heldOutContainers]) {
      if (keys.length === 0 && !container.plain) continue;
      let leaking = 0;
      let leakedCharacters = 0;
      let lostCharacters = 0;
      for (let index = 0; index < casesPerCell; index++) {
        const value = make(random);
        const around = `kept ${"abcdefghij"[index % 10]} words`;
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
      cells.push({
        secret,
        container: nameOf(container),
        cases: casesPerCell,
        leaking,
        leakedCharacters,
        lostCharacters,
      });
    }
  }
  return {
    cells,
    benignLines,
    benignTouched: touched(benignLines, () => benignLine(random)),
    heldOutTouched: touched(benignLines, () => heldOutBenignLine(random)),
  };
}

function touched(count: number, make: () => string): readonly string[] {
  return Array.from({ length: count }, make).filter((line) => redact(line) !== line);
}

export function matrixDocument(matrix: Matrix, seed: number, unseen: string): string {
  const { cells, benignLines, benignTouched, heldOutTouched } = matrix;
  const names = [...new Set(cells.map((cell) => cell.container))];
  const rows = [...new Set(cells.map((cell) => cell.secret))];
  const heldOut = new Set(heldOutContainers.map((container) => nameOf(container)));
  const cellText = (secret: string, container: string): string => {
    const cell = cells.find((one) => one.secret === secret && one.container === container);
    return cell ? `${cell.leakedCharacters} / ${cell.lostCharacters}` : "–";
  };
  return [
    "# What redaction finds and what it misses",
    "",
    "Written by `node bench/redaction-matrix.ts`; do not change it by hand.",
    "",
    "Each cell: characters of secrets leaked / characters of other text lost, over all its cases. A case",
    "leaks when four or more characters of its secret in a row are left. The material comes from the",
    `generator \`bench/redact/material.ts\` with seed ${seed}.`,
    "",
    "What was used to write the rules: the cases in `contract/redaction/cases`. A first run of the generator",
    "then showed two faults of the rules, which were mended: a value that begins with `~` behind `=`, and",
    "harmless keys that end in `in` or `attempt`. What is called held out was written after that. Its first",
    "run found every secret and touched one of its twelve kinds of harmless line (`cookies accepted: 4`), for",
    "which two words were then added to the rules; so the figures below are of material that was seen.",
    "",
    `- All: ${rateOf(cells)}`,
    `- Held out: ${rateOf(cells.filter((cell) => heldOut.has(cell.container)))}`,
    `- Harmless lines: ${touchedOf(benignTouched.length, benignLines)}`,
    `- Harmless lines, held out: ${touchedOf(heldOutTouched.length, benignLines)}`,
    "",
    unseen,
    "## Generated cases, cell by cell",
    "",
    "Not found: a card or account number of which the end is cut off, since its check digit is gone.",
    "",
    ...[
      names.slice(0, 8),
      names.slice(8, 16),
      names.slice(16, 24),
      names.slice(24, 32),
      names.slice(32),
    ].flatMap((part) => [
      `| | ${part.join(" | ")} |`,
      `|---|${part.map(() => "---").join("|")}|`,
      ...rows.map((secret) => `| ${secret} | ${part.map((name) => cellText(secret, name)).join(" | ")} |`),
      "",
    ]),
  ].join("\n");
}

function rateOf(cells: readonly Cell[]): string {
  const cases = sum(cells, "cases");
  const leaking = sum(cells, "leaking");
  return `${cases} cases, ${leaking} leak: recall ${(100 - (leaking / cases) * 100).toFixed(2)} %`;
}

function touchedOf(count: number, lines: number): string {
  return `${lines}, ${count} touched: ${((count / lines) * 100).toFixed(3)} %`;
}

function nameOf({ language, name }: Pick<Container, "language" | "name">): string {
  return `${language === "any" ? "" : `${language}: `}${name}`;
}

function sum(cells: readonly Cell[], name: "cases" | "leaking" | "lostCharacters"): number {
  return cells.reduce((total, cell) => total + cell[name], 0);
}
