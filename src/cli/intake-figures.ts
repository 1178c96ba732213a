/** How long senders wait for their answer, and what became of what they sent. */
import type { IngestFigures } from "../api/parts.ts";
import { makeHistogram } from "../model/histogram.ts";
import type { Intake } from "../model/intake.ts";
import type { Clock } from "../model/time.ts";

const boundsSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export type CountedIntake = { readonly intake: Intake; readonly figures: () => IngestFigures };

/** The same intake, counted. `lagMs`: how long the oldest batch has waited to be queryable. */
export function countIntake(inner: Intake, clock: Clock, lagMs: () => number): CountedIntake {
  const answer = makeHistogram(boundsSeconds);
  let [accepted, refused, failed] = [0, 0, 0];
  return {
    async intake(request) {
      const begunMs = clock();
      try {
        const answered = await inner(request);
        if (!answered.duplicate) {
          accepted += answered.accepted;
          refused += answered.refused;
        }
        return answered;
      } catch (error) {
        failed += 1;
        throw error;
      } finally {
        answer.observe(clock() - begunMs);
      }
    },
    figures: () => ({ answer: answer.figures(), accepted, refused, failed, lagMs: Math.max(0, lagMs()) }),
  };
}
