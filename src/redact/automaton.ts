/**
 * One automaton for many short patterns, each a sequence of sets of bytes: the construction of Aho
 * and Corasick (1975), by subsets so that a set may stand where a letter would. A flat table gives
 * the next state, so that a pass over bytes is one look-up a byte; a state is worked out when a text
 * first reaches it, since most never are.
 */

/** A pattern ends at a byte; `id` says which. */
export type Sequence = { readonly id: number; readonly sets: readonly Uint8Array[] };

/** Columns and the table of states; the table is filled in as bytes ask for it. */
export type Automaton = {
  /** Column of each byte. */
  readonly columns: Uint8Array;
  /**
   * At `state + column`: the next state (already multiplied by the width), with `endsBit` added if
   * it ends a pattern, or `unknown`. Replaced by a larger one when it is full, so it is read anew
   * after each `resolve`.
   */
  table(): Int32Array;
  /** Works out an unknown entry and writes it down; answers it. */
  resolve(state: number, column: number): number;
  /** Ids of the patterns that end in a state (given without `endsBit`). */
  ends(state: number): readonly number[];
};

export const endsBit = 0x4000_0000;
export const unknown = 0x7fff_ffff;

/** A set from the characters of a text, as `Uint8Array` of 256 flags. */
export function setOf(characters: string): Uint8Array {
  const set = new Uint8Array(256);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
}

/** A text as sets, in any case if `ignoreCase`. */
export function literal(text: string, ignoreCase: boolean): Uint8Array[] {
  return Array.from(text, (letter) =>
    setOf(ignoreCase ? letter.toLowerCase() + letter.toUpperCase() : letter),
  );
}

export function compileAutomaton(sequences: readonly Sequence[]): Automaton {
  const { columns, count, sample } = columnsOf(sequences);
  const width = 2 ** Math.ceil(Math.log2(count));
  let table = new Int32Array(256 * width).fill(unknown);
  // A state is the list of places (sequence × 64 + length read) that are open after a byte.
  const states: (readonly number[])[] = [[]];
  const ends: (readonly number[])[] = [[]];
  const known = new Map<string, number>([["|", 0]]);
  const beginners = sample.map((byte) =>
    sequences.flatMap(({ sets }, index) => ((sets[0] as Uint8Array)[byte] === 1 ? [index * 64] : [])),
  );

  function stateOf(open: readonly number[], ended: readonly number[]): number {
    const name = `${open.join()}|${ended.join()}`;
    const found = known.get(name);
    if (found !== undefined) return found;
    const state = states.length;
    known.set(name, state);
    states.push(open);
    ends.push(ended);
    if (states.length * width > table.length) {
      const larger = new Int32Array(table.length * 2).fill(unknown);
      larger.set(table);
      table = larger;
    }
    return state;
  }

  return {
    columns,
    table: () => table,
    ends: (state) => ends[state / width] as readonly number[],
    resolve: (state, column) => {
      const byte = sample[column] as number;
      const open: number[] = [];
      const ended: number[] = [];
      for (const place of [
        ...(states[state / width] as readonly number[]),
        ...(beginners[column] as readonly number[]),
      ]) {
        const { id, sets } = sequences[place >> 6] as Sequence;
        const read = place & 63;
        if ((sets[read] as Uint8Array)[byte] !== 1) continue;
        if (read + 1 === sets.length) ended.push(id);
        else open.push(place + 1);
      }
      const next = stateOf(
        open.sort((a, b) => a - b),
        [...new Set(ended)],
      );
      const entry = next * width + (ended.length > 0 ? endsBit : 0);
      table[state + column] = entry;
      return entry;
    },
  };
}

/** Bytes that no set tells apart share a column. */
function columnsOf(sequences: readonly Sequence[]): {
  readonly columns: Uint8Array;
  readonly count: number;
  /** One byte of each column. */
  readonly sample: readonly number[];
} {
  const sets = [...new Map(sequences.flatMap(({ sets }) => sets).map((set) => [set.join(""), set])).values()];
  const columns = new Uint8Array(256);
  const known = new Map<string, number>();
  const sample: number[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const signature = sets.map((set) => set[byte]).join("");
    let column = known.get(signature);
    if (column === undefined) {
      column = known.size;
      known.set(signature, column);
      sample.push(byte);
    }
    columns[byte] = column;
  }
  return { columns, count: known.size, sample };
}
