/**
 * How long streams are kept, as two people have agreed. A setting that keeps them longer holds at once;
 * one that would let go of what is there earlier waits until two people of this server have agreed,
 * so that nobody makes a trace vanish alone. Recording who looked cannot be turned off at all.
 */

import type { Stream } from "../model/event.ts";
import { streams } from "../model/event.ts";
import { Fault } from "../model/fault.ts";
import type { Hand } from "../store/erasures.ts";
import type { ControlStore } from "../store/store.ts";
import type { Actor } from "./actor.ts";

export type RetentionDays = Readonly<Record<Stream, number>>;

/** As it is kept. */
type Agreement = {
  readonly days: RetentionDays;
  /** What the settings would have where that is shorter, and who has agreed to just that. */
  readonly wanted?: RetentionDays;
  readonly hands?: readonly Hand[];
};

const settingName = "retention_agreed";
const handsNeeded = 2;

export type Retention = {
  /** What holds since the server started. */
  readonly days: RetentionDays;
  readonly state: () => Promise<Agreement>;
  /** Answers whether all who are needed have agreed; it holds from the next start on. */
  readonly agree: (actor: Actor) => Promise<boolean>;
};

type Store = Pick<ControlStore, "setting" | "setSetting">;

/** `alone`: there are no people to agree, and what is set holds. */
export async function agreeOnRetention(
  control: Store,
  set: RetentionDays,
  alone: boolean,
): Promise<Retention> {
  const read = async (): Promise<Agreement> => {
    const text = await control.setting(settingName);
    return text === undefined ? { days: set } : (JSON.parse(text) as Agreement);
  };
  const keep = async (agreement: Agreement): Promise<void> =>
    await control.setSetting(settingName, JSON.stringify(agreement));

  const before = await read();
  const longer = byStream((stream) => Math.max(before.days[stream], set[stream]));
  const isShorter = !alone && streams.some((stream) => set[stream] < before.days[stream]);
  const isSameWish = JSON.stringify(before.wanted) === JSON.stringify(set);
  const now: Agreement = isShorter
    ? { days: longer, wanted: set, hands: isSameWish ? (before.hands ?? []) : [] }
    : { days: set };
  await keep(now);

  return {
    days: now.days,
    state: read,
    agree: async (actor) => {
      if (actor.kind !== "person")
        throw new Fault("BAD_REQUEST", "Two people must agree who have signed in as such.");
      const { wanted, hands = [] } = await read();
      if (wanted === undefined) throw new Fault("BAD_REQUEST", "No shorter retention waits to be agreed to.");
      if (hands.some(({ id }) => id === actor.id)) {
        throw new Fault("BAD_REQUEST", "You have agreed already; somebody else must too.");
      }
      const all = [...hands, { id: actor.id, name: actor.name }];
      const isAgreed = all.length >= handsNeeded;
      await keep(isAgreed ? { days: wanted } : { days: now.days, wanted, hands: all });
      return isAgreed;
    },
  };
}

function byStream(daysOf: (stream: Stream) => number): RetentionDays {
  return Object.fromEntries(streams.map((stream) => [stream, daysOf(stream)])) as RetentionDays;
}
