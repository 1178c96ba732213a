/**
 * How many secrets redaction finds and how many harmless lines it touches, on generated material.
 * `node bench/redaction-matrix.ts` writes the whole matrix to docs/redaction-matrix.md.
 */
import { writeFileSync } from "node:fs";
import { laterShapes } from "./redact/later.ts";
import { type Matrix, matrixDocument, measureMatrix } from "./redact/matrix.ts";
import { measureRealLines } from "./redact/real-lines.ts";
import {
  frozenMaterial,
  implementations,
  measureUnseen,
  type Shapes,
  type UnseenResult,
  unseenShapes,
} from "./redact/unseen.ts";
import { unseenDocument } from "./redact/unseen-document.ts";
import { heldOutLines, workedOnLines } from "./redact/whole-lines.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "secrets found and harmless lines touched, on generated material";

const seed = 20_261_121;

export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const figures = {
    ...figuresOf(measureMatrix(seed, quick ? 5 : 40, quick ? 10_000 : 100_000)),
    ...unseenFigures(),
  };
  return { figures, lines: Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`) };
}

/** Of the material that is frozen, by the server's implementation. */
function unseenFigures(): Record<string, number> {
  const [server] = implementations as readonly [(typeof implementations)[number]];
  const { cases, touched } = measureUnseen(frozenMaterial(unseenShapes), server);
  return {
    frozen_cases: cases.length,
    frozen_leaking: cases.filter(({ leaked }) => leaked > 0).length,
    frozen_harmless_touched: touched.length,
  };
}

function figuresOf({ cells, benignLines, benignTouched }: Matrix): Record<string, number> {
  const cases = cells.reduce((sum, cell) => sum + cell.cases, 0);
  const leaking = cells.reduce((sum, cell) => sum + cell.leaking, 0);
  return {
    cases,
    recall_percent: Math.round((1 - leaking / cases) * 10_000) / 100,
    benign_touched_percent: Math.round((benignTouched.length / benignLines) * 100_000) / 1000,
  };
}

if (import.meta.main) {
  const matrix = measureMatrix(seed, 40, 100_000);
  const measured = (shapes: Shapes): readonly UnseenResult[] => {
    const material = frozenMaterial(shapes);
    return implementations.map((implementation) => measureUnseen(material, implementation));
  };
  const unseen = unseenDocument(
    measured(unseenShapes),
    measured(laterShapes),
    { workedOn: measured(workedOnLines), heldOut: measured(heldOutLines) },
    measureRealLines(),
  );
  writeFileSync(
    new URL("../docs/redaction-matrix.md", import.meta.url),
    `${matrixDocument(matrix, seed, unseen)}\n`.replace(/\n+$/, "\n"),
  );
  console.log(figuresOf(matrix));
}
