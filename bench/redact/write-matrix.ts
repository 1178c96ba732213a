/** Writes docs/redaction-matrix.md; `midwatch`'s slow tests hold a smaller run of it to its goals. */
import { writeFileSync } from "node:fs";
import { matrixDocument, measureMatrix } from "./matrix.ts";

const seed = 20_261_121;
const matrix = measureMatrix(seed, 40, 100_000);
writeFileSync(new URL("../../docs/redaction-matrix.md", import.meta.url), matrixDocument(matrix, seed));
const leaking = matrix.cells.reduce((sum, cell) => sum + cell.leaking, 0);
console.log(
  `${leaking} cases leak; ${matrix.benignTouched.length} of ${matrix.benignLines} harmless lines touched`,
);
