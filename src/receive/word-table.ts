/**
 * Which of a closed list of words stands in the bytes, without making a string: names of fields,
 * kinds, severities. A word's slot follows from its length and four of its bytes; a multiplier
 * without collisions is looked for when the table is made.
 */

export type WordTable = {
  /** Index of the word in each slot, -1 for none. */
  readonly slots: Int16Array;
  readonly multiplier: number;
  /** All words one after the other; word w lies from `wordStarts[w]` to `wordStarts[w + 1]`. */
  readonly letters: Uint8Array;
  readonly wordStarts: Int32Array;
};

const slotCount = 256;
const slotShift = 24;

export function createWordTable(words: readonly string[]): WordTable {
  const letters = new TextEncoder().encode(words.join(""));
  const wordStarts = new Int32Array(words.length + 1);
  words.forEach((word, index) => {
    wordStarts[index + 1] = (wordStarts[index] as number) + word.length;
  });
  for (let multiplier = 0x9e3779b1; multiplier < 0x9e3979b1; multiplier += 2) {
    const slots = new Int16Array(slotCount).fill(-1);
    const isFree = words.every((_, word) => {
      const slot = slotOf(letters, wordStarts[word] as number, wordStarts[word + 1] as number, multiplier);
      if (slots[slot] !== -1) return false;
      slots[slot] = word;
      return true;
    });
    if (isFree) return { slots, multiplier, letters, wordStarts };
  }
  throw new Error(`no multiplier tells apart all of: ${words.join(" ")}`);
}

function slotOf(bytes: Uint8Array, start: number, end: number, multiplier: number): number {
  const length = end - start;
  const middle = bytes[start + (length >> 1)] as number;
  const late = bytes[start + ((length * 3) >> 2)] as number;
  const mixed =
    (bytes[start] as number) | (middle << 8) | ((bytes[end - 1] as number) << 16) | (length << 24);
  return Math.imul(mixed + late * 0x3d4d51, multiplier) >>> slotShift;
}

/** Index of the word from `start` to `end` (which must not be empty), -1 if it is none of them. */
export function findWord(table: WordTable, bytes: Uint8Array, start: number, end: number): number {
  const word = table.slots[slotOf(bytes, start, end, table.multiplier)] as number;
  if (word < 0) return -1;
  const { letters, wordStarts } = table;
  let at = wordStarts[word] as number;
  if (end - start !== (wordStarts[word + 1] as number) - at) return -1;
  for (let from = start; from < end; from++) {
    if (bytes[from] !== letters[at++]) return -1;
  }
  return word;
}
