/**
 * Cases of the material that no rule was written from, and what each of the three implementations
 * makes of them. The cases are frozen: their hash stands here, and a run on others is refused.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fromBytes, toBytes } from "../../src/redact/json.ts";
import { compileRules } from "../../src/redact/rules.ts";
import { redactText } from "../../src/redact/text.ts";
import { longestCommon } from "./common-part.ts";
import { type Container, materialRandom, pick, type Random, type Secret } from "./material.ts";
import { type Credential, credentials, unseenHarmlessLine } from "./unseen-lines.ts";
import { unseenSecrets } from "./unseen-secrets.ts";
import { unseenContainers } from "./unseen-shapes.ts";

const casesPerCell = 4;
const harmlessLines = 40_000;

export type Case = {
  readonly secret: string;
  readonly container: string;
  readonly text: string;
  readonly value: string;
  /** Must stay. */
  readonly around: string;
};

export type Unseen = {
  readonly cases: readonly Case[];
  readonly harmless: readonly string[];
};

/** What material is made from. */
export type Shapes = {
  readonly seed: number;
  readonly secrets: { readonly [name: string]: Secret };
  readonly containers: readonly Container[];
  readonly credentials: readonly Credential[];
  readonly harmlessLine: (random: Random) => string;
  /** Of all that is made from them; a run on anything else is refused. */
  readonly hash: string;
};

export const unseenShapes: Shapes = {
  seed: 90_217_406,
  secrets: unseenSecrets,
  containers: unseenContainers,
  credentials,
  harmlessLine: unseenHarmlessLine,
  hash: "85ca9d11b82e5590b1c368ebc3108321cef2f993f0306bc7e8d32939316d18f2",
};

export function frozenMaterial(shapes: Shapes): Unseen {
  const random = materialRandom(shapes.seed);
  const cases: Case[] = [];
  for (let index = 0; index < casesPerCell; index++) {
    for (const [secret, { keys, make }] of Object.entries(shapes.secrets)) {
      for (const { language, name, plain, wrap } of shapes.containers) {
        if (keys.length === 0 && plain === undefined) continue;
        const value = make(random);
        const key = keys.length === 0 ? pick(random, ["memo", "subject", "x_info"]) : pick(random, keys);
        const around = `left alone ${"klmnopqrst"[index] as string} here`;
        const container = language === "any" ? name : `${language}: ${name}`;
        cases.push({ secret, container, text: wrap(key, value, around), value, around });
      }
    }
    for (const { name, make, line } of shapes.credentials) {
      const value = make(random);
      const around = `left alone ${"klmnopqrst"[index] as string} here`;
      cases.push({
        secret: name,
        container: "a credential of its own",
        text: line(value, around),
        value,
        around,
      });
    }
  }
  const harmless = Array.from({ length: harmlessLines }, () => shapes.harmlessLine(random));
  const hash = createHash("sha256")
    .update(JSON.stringify([cases, harmless]))
    .digest("hex");
  if (hash !== shapes.hash) throw new Error(`the frozen material has changed: ${hash}`);
  return { cases, harmless };
}

export type Implementation = {
  readonly name: string;
  readonly redact: (texts: readonly string[]) => readonly string[];
};

const root = new URL("../..", import.meta.url).pathname;

const ruby = `
require "json"
$LOAD_PATH.unshift("${root}recorders/ruby/lib")
require "midwatch/redact"
redact = Midwatch::Redact.new
$stdin.set_encoding("UTF-8")
$stdin.each_line { |line| puts JSON.generate(redact.text(JSON.parse(line, quirks_mode: true))) }
`;
const python = `
import json, sys
sys.path.insert(0, "${root}recorders/python")
from midwatch.redact import Redact
redact = Redact()
for line in sys.stdin:
    print(json.dumps(redact.text(json.loads(line))))
`;

function runOver(program: string, words: readonly string[]): Implementation["redact"] {
  return (texts) => {
    const { stdout, status, stderr } = spawnSync(program, words, {
      input: texts.map((text) => `${JSON.stringify(text)}\n`).join(""),
      encoding: "utf8",
      maxBuffer: 2 ** 29,
      env: { ...process.env, LANG: "C.UTF-8" },
    });
    if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as string);
  };
}

const rules = compileRules();

/** Without keys, as recorders without a shared secret, so that all three say the same. */
export const implementations: readonly Implementation[] = [
  {
    name: "TypeScript",
    redact: (texts) =>
      texts.map((text) => {
        const work = {
          decodeBytesLeft: rules.ruleset.limits.decodeBytesMax,
          hits: new Map<string, number>(),
        };
        return fromBytes(redactText(toBytes(text), "full", rules.textFor("", ""), work));
      }),
  },
  { name: "Ruby", redact: runOver("ruby", ["-W0", "-e", ruby]) },
  { name: "Python", redact: runOver("/usr/bin/python3", ["-c", python]) },
];

export type CaseResult = Case & { readonly redacted: string; readonly leaked: number; readonly lost: number };

export type UnseenResult = {
  readonly implementation: string;
  readonly cases: readonly CaseResult[];
  readonly touched: readonly string[];
  readonly harmlessLines: number;
};

export function measureUnseen({ cases, harmless }: Unseen, { name, redact }: Implementation): UnseenResult {
  const redacted = redact(cases.map(({ text }) => text));
  const after = redact(harmless);
  return {
    implementation: name,
    cases: cases.map((one, index) => ({
      ...one,
      redacted: redacted[index] as string,
      ...judge(one, redacted[index] as string),
    })),
    touched: harmless.filter((line, index) => after[index] !== line),
    harmlessLines: harmless.length,
  };
}

/** A case leaks when four or more characters of its secret in a row are left; of a short one, all of it. */
function judge(
  { value, around }: Case,
  redacted: string,
): { readonly leaked: number; readonly lost: number } {
  const left = longestCommon(value, redacted.replace(/\[[a-zA-Z_]{2,}:[^\]]*\]/g, "\0"));
  const kept = redacted.includes(around) || redacted.includes(encodeURIComponent(around));
  return { leaked: left >= Math.min(4, value.length) ? left : 0, lost: kept ? 0 : around.length };
}
