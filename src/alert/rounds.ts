/** Does something again and again, never twice at once; trouble is told when it begins and ends. */

export type Rounds = { readonly close: () => Promise<void> };

export type RoundsOptions = {
  readonly everyMs: number;
  /** The first time without waiting. */
  readonly atOnce?: true;
  readonly onTrouble: (because: string) => void;
  readonly onEnd: () => void;
};

export function startRounds(
  work: () => Promise<void>,
  { everyMs, atOnce, onTrouble, onEnd }: RoundsOptions,
): Rounds {
  let closed = false;
  let troubled = false;
  let current: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  async function round(): Promise<void> {
    try {
      await work();
      if (troubled) onEnd();
      troubled = false;
    } catch (error) {
      if (!troubled && !closed) onTrouble(error instanceof Error ? error.message : String(error));
      troubled = true;
    }
    schedule();
  }

  function schedule(): void {
    if (closed) return;
    timer = setTimeout(() => {
      current = round();
    }, everyMs);
  }

  if (atOnce) current = round();
  else schedule();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await current;
    },
  };
}
