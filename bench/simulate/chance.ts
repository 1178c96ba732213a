/** Numbers that look random and are the same on every run of a seed (mulberry32). */

export type Chance = {
  /** From 0 to 1. */
  readonly share: () => number;
  readonly below: (limit: number) => number;
  readonly pick: <T>(list: readonly T[]) => T;
  /** Of a normal distribution. */
  readonly normal: () => number;
  /** How many of something that happens so often on average. */
  readonly count: (mean: number) => number;
};

export function chanceOf(seed: number): Chance {
  let state = seed;
  const share = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - share())) * Math.cos(2 * Math.PI * share());
  return {
    share,
    normal,
    below: (limit) => Math.floor(share() * limit),
    pick: (list) => list[Math.floor(share() * list.length)] as never,
    count(mean) {
      if (mean > 50) return Math.max(0, Math.round(mean + normal() * Math.sqrt(mean)));
      let product = share();
      let found = 0;
      for (const limit = Math.exp(-mean); product > limit; found += 1) product *= share();
      return found;
    },
  };
}
