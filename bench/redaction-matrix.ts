/**
 * How many secrets redaction finds and how many harmless lines it touches, on generated material.
 * `node bench/redaction-matrix.ts` writes the whole matrix to docs/redaction-matrix.md.
 */
import { writeFileSync } from "node:fs";
import { type Matrix, matrixDocument, measureMatrix } from "./redact/matrix.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "secrets found and harmless lines touched, on generated material";

const seed = 20_261_121;

export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const figures = figuresOf(measureMatrix(seed, quick ? 5 : 40, quick ? 10_000 : 100_000));
  return { figures, lines: Object.entries(figures).map(([name, figure]) => `${name}: ${figure}`) };
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
  writeFileSync(new URL("../docs/redaction-matrix.md", import.meta.url), matrixDocument(matrix, seed));
  console.log(figuresOf(matrix));
}
