/**
 * Slows guessing down: who has failed too often waits before the next try, twice as long each time
 * up to a limit, counted by account and by address. Nobody is ever locked out: a browser from which
 * the person has signed in before is counted by itself, so that strangers who guess at the account
 * do not keep its owner waiting.
 */
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";

/** Failures that cost nothing. */
const freeFailures = 5;
/** After the first that costs; doubled with each further one. */
const waitMsMin = 1000;
const waitMsMax = { account: 60_000, address: 300_000 } as const;
/** Without a failure for so long, all is forgotten. */
const forgottenMs = 3_600_000;
/** Accounts and addresses counted. More: the oldest is forgotten. */
const countedMax = 20_000;

type Count = { readonly failures: number; readonly lastMs: number; readonly untilMs: number };
export type Guesser = {
  readonly account: string;
  readonly address: string;
  /** This browser has signed in as this account before. */
  readonly known: boolean;
};

export type SlowDown = {
  /** Throws `SLOW_DOWN` where this one has to wait; a try that is refused is not counted. */
  readonly check: (guesser: Guesser) => void;
  /** How many failures in a row there are now, for the account. */
  readonly failed: (guesser: Guesser) => number;
  readonly succeeded: (guesser: Guesser) => void;
};

export function makeSlowDown(clock: Clock): SlowDown {
  const counts = new Map<string, Count>();
  const keysOf = ({ account, address, known }: Guesser) => [
    { key: `account ${known ? "known " : ""}${account.toLowerCase()}`, max: waitMsMax.account },
    { key: `address ${known ? `known ${account.toLowerCase()} ` : ""}${address}`, max: waitMsMax.address },
  ];
  const countOf = (key: string): Count | undefined => {
    const count = counts.get(key);
    return count && count.lastMs + forgottenMs > clock() ? count : undefined;
  };

  return {
    check: (guesser) => {
      const untilMs = Math.max(...keysOf(guesser).map(({ key }) => countOf(key)?.untilMs ?? 0));
      const seconds = Math.ceil((untilMs - clock()) / 1000);
      if (seconds <= 0) return;
      throw new Fault("SLOW_DOWN", `Too many tries failed. The next one is possible in ${seconds} s.`, {
        retryAfterSeconds: seconds,
      });
    },
    failed: (guesser) => {
      const nowMs = clock();
      const failures = keysOf(guesser).map(({ key, max }) => {
        const count = (countOf(key)?.failures ?? 0) + 1;
        const over = count - freeFailures;
        const waitMs = over <= 0 ? 0 : Math.min(max, waitMsMin * 2 ** Math.min(over - 1, 20));
        counts.delete(key);
        counts.set(key, { failures: count, lastMs: nowMs, untilMs: nowMs + waitMs });
        return count;
      });
      for (const key of counts.keys()) {
        if (counts.size <= countedMax) break;
        counts.delete(key);
      }
      return failures[0] ?? 0;
    },
    succeeded: (guesser) => {
      for (const { key } of keysOf(guesser)) counts.delete(key);
    },
  };
}
