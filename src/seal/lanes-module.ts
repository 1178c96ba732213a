/**
 * Builds, byte by byte, a WebAssembly module that runs SHA-256 (FIPS 180-4) over four messages at
 * once, one in each 32-bit lane of a SIMD register. Sealing hashes many inputs of 17 to 400 bytes,
 * where a call into OpenSSL costs four times what the hashing itself does (docs/decisions).
 */

/** Bytes of one group in the table that `hashGroups` walks: see `lanes.ts`. */
export const groupBytes = 40;

export const initialState = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
] as const;

/** The first 32 bits of the fractions of the cube roots of the first 64 primes. */
export function roundConstants(): readonly number[] {
  const primes: number[] = [];
  for (let candidate = 2; primes.length < 64; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  // In integers, because a double has too few digits: floor(cbrt(p) * 2^32) is the cube root of p * 2^96.
  return primes.map((prime) => Number(cubeRoot(BigInt(prime) << 96n) & 0xffffffffn));
}

function cubeRoot(value: bigint): bigint {
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle * middle * middle <= value) low = middle;
    else high = middle;
  }
  return low;
}

type Code = readonly number[];

const code = (...parts: readonly (number | Code)[]): Code => parts.flat();

/** The same for each of several numbers, one after the other. */
const each = (numbers: Code, emit: (number: number, index: number) => Code): Code => numbers.flatMap(emit);

function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return bytes;
}

/** Shift counts and steps from 0 to 64 only: up to 63 that is one byte of signed LEB128. */
const constant = (value: number): Code => [0x41, ...(value < 64 ? [value] : [value | 0x80, value >> 7])];
const get = (local: number): Code => code(0x20, unsigned(local));
const set = (local: number): Code => code(0x21, unsigned(local));
const tee = (local: number): Code => code(0x22, unsigned(local));
const simd = (opcode: number): Code => code(0xfd, unsigned(opcode));
const load = (offset: number): Code => code(simd(0x00), 0, unsigned(offset));
const store = (offset: number): Code => code(simd(0x0b), 0, unsigned(offset));
const loadPointer = (offset: number): Code => code(0x28, 2, unsigned(offset));
const addInteger: Code = [0x6a];
const subtractInteger: Code = [0x6b];
const shuffle = (lanes: Code): Code => code(simd(0x0d), lanes);
const splat = (value: number): Code => {
  const bytes = [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
  return code(simd(0x0c), bytes, bytes, bytes, bytes);
};
const xor = simd(0x51);
const and = simd(0x4e);
const select = simd(0x52);
const shiftLeft = simd(0xab);
const shiftRight = simd(0xad);
const add = simd(0xae);
const swapShuffle = shuffle([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]);
/** Big-endian words of a register on the stack, by way of a local. */
const swapBytes = (local: number): Code => code(tee(local), get(local), swapShuffle);
/** Words of two registers: the low pair interleaved, the high pair interleaved, and halves joined. */
const lowWords = shuffle([0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23]);
const highWords = shuffle([8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31]);
const lowHalves = shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]);
const highHalves = shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]);

// Locals: two parameters, five integers, one that is left free, then registers.
const table = 0;
const groups = 1;
const pointers = [2, 3, 4, 5] as const;
const blocks = 6;
const word = 8; // 16 of them
const working = 24; // a to h
const state = 32; // 8
const scratch = 40; // 4

/** `(x >>> n) ^ (x << 32 - n)` for each rotation, all joined by exclusive or, then a plain shift. */
function mix(local: number, rotations: Code, shift?: number): Code {
  const parts = rotations.flatMap((count): readonly Code[] => [
    code(get(local), constant(count), shiftRight),
    code(get(local), constant(32 - count), shiftLeft),
  ]);
  if (shift !== undefined) parts.push(code(get(local), constant(shift), shiftRight));
  return parts.flatMap((part, index) => (index === 0 ? part : part.concat(xor)));
}

/** Turns four registers of rows, `first` and the next three, into four of columns, in place. */
function transpose(first: number): Code {
  const [lowAB, highAB, lowCD, highCD] = [scratch, scratch + 1, scratch + 2, scratch + 3];
  const join = (left: number, right: number, how: Code, into: number): Code =>
    code(get(left), get(right), how, set(into));
  return code(
    join(first, first + 1, lowWords, lowAB),
    join(first, first + 1, highWords, highAB),
    join(first + 2, first + 3, lowWords, lowCD),
    join(first + 2, first + 3, highWords, highCD),
    join(lowAB, lowCD, lowHalves, first),
    join(lowAB, lowCD, highHalves, first + 1),
    join(highAB, highCD, lowHalves, first + 2),
    join(highAB, highCD, highHalves, first + 3),
  );
}

function loadBlock(): Code {
  const quarter = (number: number): Code =>
    code(
      each(pointers, (pointer, lane) => {
        const row = word + number * 4 + lane;
        return code(get(pointer), load(number * 16), swapBytes(row), set(row));
      }),
      transpose(word + number * 4),
    );
  return each([0, 1, 2, 3], quarter);
}

function extendSchedule(round: number): Code {
  const back = (distance: number): number => word + ((round - distance) & 15);
  return code(
    code(get(back(16)), get(back(7)), add),
    code(mix(back(15), [7, 18], 3), add),
    code(mix(back(2), [17, 19], 10), add, set(back(16))),
  );
}

function round(number: number, roundConstant: number): Code {
  const name = (letter: number): number => working + ((letter - number + 64) & 7);
  const [a, b, d, e, f, g, h] = [name(0), name(1), name(3), name(4), name(5), name(6), name(7)];
  const [sum, ab, bc] = [scratch, scratch + 1, scratch + 2];
  return code(
    number < 16 ? [] : extendSchedule(number),
    code(get(h), get(word + (number & 15)), add, splat(roundConstant), add),
    code(mix(e, [6, 11, 25]), add, get(f), get(g), get(e), select, add, set(sum)),
    code(get(d), get(sum), add, set(d)),
    // The majority of a, b, c is ((a ^ b) & (b ^ c)) ^ b; this round's a ^ b is the next one's b ^ c.
    code(get(a), get(b), xor, set(ab)),
    code(get(ab), get(bc), and, get(b), xor, get(sum), add),
    code(mix(a, [2, 13, 22]), add, set(h)),
    code(get(ab), set(bc)),
  );
}

/** Each group is 4 message pointers, 4 digest pointers and a count of blocks. */
function hashGroups(): Code {
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  const block = code(
    loadBlock(),
    each(eight, (index) => code(get(state + index), set(working + index))),
    code(get(working + 1), get(working + 2), xor, set(scratch + 2)),
    each(roundConstants(), (value, number) => round(number, value)),
    each(eight, (index) => code(get(state + index), get(working + index), add, set(state + index))),
    each(pointers, (local) => code(get(local), constant(64), addInteger, set(local))),
    code(get(blocks), constant(1), subtractInteger, tee(blocks)),
  );
  const digest = (half: number): Code =>
    code(
      transpose(state + half),
      each([0, 1, 2, 3], (lane) =>
        code(
          code(get(table), loadPointer(16 + lane * 4)),
          code(get(state + half + lane), swapBytes(scratch), store(half * 4)),
        ),
      ),
    );
  const group = code(
    each(pointers, (local, lane) => code(get(table), loadPointer(lane * 4), set(local))),
    code(get(table), loadPointer(32), set(blocks)),
    each(initialState, (value, index) => code(splat(value), set(state + index))),
    loopWhileNotZero(block),
    each([0, 4], digest),
    code(get(table), constant(groupBytes), addInteger, set(table)),
    code(get(groups), constant(1), subtractInteger, tee(groups)),
  );
  const locals = [2, 6, 0x7f, 36, 0x7b];
  return code(locals, loopWhileNotZero(group), 0x0b);
}

/** Repeats `body` while it leaves something other than 0 on the stack. */
function loopWhileNotZero(body: Code): Code {
  return code(0x03, 0x40, body, 0x0d, 0, 0x0b);
}

function section(id: number, content: Code): Code {
  return code(id, unsigned(content.length), content);
}

function name(text: string): Code {
  return [text.length, ...new TextEncoder().encode(text)];
}

/** The module: imports a memory as `e.m`; exports `h(table, groups)`, which hashes that many groups. */
export function lanesModule(): Uint8Array<ArrayBuffer> {
  const body = hashGroups();
  const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const module = code(
    header,
    section(1, [1, 0x60, 2, 0x7f, 0x7f, 0]),
    section(2, code(1, name("e"), name("m"), 0x02, 0x00, 1)),
    section(3, [1, 0]),
    section(7, code(1, name("h"), 0x00, 0)),
    section(10, code(1, unsigned(body.length), body)),
  );
  return Uint8Array.from(module);
}
