/** A limit a caller gives, checked before anything is asked of the engine. */
import { invalid } from "./filter.ts";

export function checkLimit(limit: number, max: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > max) throw invalid(`a limit is 1 to ${max}`);
}
