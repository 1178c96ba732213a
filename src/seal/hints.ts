/**
 * A few bytes a segment that say which of its events were changed: sums of 15 bits of each leaf,
 * weighted by powers of its place, modulo a prime (the syndromes of a Reed–Solomon code). From the
 * sums of what is stored now and those of what was sealed, up to `pairsMax` changed leaves can be
 * found. Whether anything was changed at all is said by the segment's root, and never by these.
 */

/** The largest prime below 2^15: products of two remainders are small integers. */
const prime = 32_749;
const pairsMax = 8;
const eventsPerPair = 32;

/** So many changed events can be found in a segment of `count`. */
function pairsOf(count: number): number {
  return Math.min(pairsMax, 1 + Math.ceil(count / eventsPerPair));
}

/**
 * Gathers the sums of one segment's leaves; `digests` are their places in `bytes`. A sum of 4,096
 * remainders stays below 2^27, so that one division at the end is enough.
 */
export function hintsOf(bytes: Uint8Array, digests: ArrayLike<number>, count: number): Uint8Array {
  const sums = new Int32Array(2 * pairsOf(count));
  for (let index = 0; index < count; index++) {
    const at = (digests[index] as number) + 30;
    let term = ((((bytes[at] as number) & 0x7f) << 8) | (bytes[at + 1] as number)) % prime;
    const place = index + 1;
    for (let power = 0; power < sums.length; power++) {
      sums[power] = (sums[power] as number) + term;
      term = (term * place) % prime;
    }
  }
  const hints = new Uint8Array(sums.length * 2);
  for (const [power, sum] of sums.entries()) {
    hints[power * 2] = (sum % prime) >> 8;
    hints[power * 2 + 1] = (sum % prime) & 0xff;
  }
  return hints;
}

/** Indexes of the events that differ; `undefined` where there are more than can be told, or no hints. */
export function changedBetween(
  sealed: Uint8Array,
  stored: Uint8Array,
  count: number,
): readonly number[] | undefined {
  if (sealed.length !== stored.length) return undefined;
  const sumAt = (hints: Uint8Array, power: number): number =>
    ((hints[power * 2] as number) << 8) | (hints[power * 2 + 1] as number);
  const differences = Array.from(
    { length: sealed.length / 2 },
    (_, power) => (sumAt(stored, power) - sumAt(sealed, power) + 2 * prime) % prime,
  );
  if (differences.every((difference) => difference === 0)) return [];
  for (let changed = 1; changed * 2 <= differences.length; changed++) {
    const recurrence = recurrenceOf(differences, changed);
    const found = recurrence && rootsOf(recurrence, count);
    if (found?.length === changed) return found;
  }
  return undefined;
}

/** `c` with `d[k + n] = c[0] d[k] + … + c[n - 1] d[k + n - 1]` for all `k`, if there is one. */
function recurrenceOf(differences: readonly number[], length: number): readonly number[] | undefined {
  const rows = Array.from({ length }, (_, row) => differences.slice(row, row + length + 1));
  const solution = solve(rows);
  const holds =
    solution?.every((_, at) => at >= 0) &&
    differences.slice(length).every((value, from) => {
      const sum = solution.reduce(
        (total, factor, at) => (total + factor * (differences[from + at] as number)) % prime,
        0,
      );
      return sum === value;
    });
  return holds ? solution : undefined;
}

/** Places `x` from 1 to `count` with `x^n = c[0] + c[1] x + …`, as indexes. */
function rootsOf(recurrence: readonly number[], count: number): readonly number[] {
  const roots: number[] = [];
  for (let place = 1; place <= count; place++) {
    let power = 1;
    let sum = 0;
    for (const factor of recurrence) {
      sum = (sum + factor * power) % prime;
      power = (power * place) % prime;
    }
    if (sum === power) roots.push(place - 1);
  }
  return roots;
}

/** Gauss–Jordan modulo the prime; the last column is the right side. `undefined` if it is singular. */
function solve(rows: number[][]): readonly number[] | undefined {
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, at) => at >= column && row[column] !== 0);
    if (pivot < 0) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const first = rows[column] as number[];
    const inverse = inverseOf(first[column] as number);
    for (const [at, value] of first.entries()) first[at] = (value * inverse) % prime;
    for (const [other, row] of rows.entries()) {
      const factor = row[column] as number;
      if (other === column || factor === 0) continue;
      for (const [at, value] of first.entries())
        row[at] = ((row[at] as number) + (prime - factor) * value) % prime;
    }
  }
  return rows.map((row) => row[size] as number);
}

/** By Fermat: `value^(prime - 2)`. */
function inverseOf(value: number): number {
  let result = 1;
  let power = value % prime;
  for (let exponent = prime - 2; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = (result * power) % prime;
    power = (power * power) % prime;
  }
  return result;
}
