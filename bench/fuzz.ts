/**
 * Ten minutes of random texts through redaction. `MIDWATCH_FUZZ=SEED:NUMBER` goes on with an earlier
 * run, or repeats one text of it.
 */
import { randomInt } from "node:crypto";
import { fuzz } from "./redact/fuzz.ts";
import type { BenchOptions, BenchResult } from "./run.ts";

export const about = "random texts through redaction: crashes, hangs and broken promises";

const minutes = 10;
const quickSeconds = 15;

export async function run({ quick }: BenchOptions): Promise<BenchResult> {
  const [seed = randomInt(2 ** 20), from = 0] = (process.env["MIDWATCH_FUZZ"] ?? "")
    .split(":")
    .filter((text) => text !== "")
    .map(Number);
  const { texts, next, slowestMs, faults } = fuzz(
    { milliseconds: (quick ? quickSeconds : minutes * 60) * 1000 },
    seed,
    from,
  );
  return {
    figures: { texts, faults: faults.length, slowest_ms: Math.round(slowestMs) },
    lines: [
      `${texts} texts of seed ${seed}, ${faults.length} faults; the slowest took ${slowestMs.toFixed(0)} ms`,
      `to go on: MIDWATCH_FUZZ=${seed}:${next} npm run bench -- fuzz`,
      ...faults,
    ],
  };
}
