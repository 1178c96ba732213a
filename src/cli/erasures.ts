/**
 * Erasures on a running server, by two persons: one asks and says why, another one agrees, and only
 * then the content goes. What was agreed to is kept before it is done, so that a crash delays it and
 * cannot leave half of it behind.
 */
import type { ErasureDesk } from "../api/parts.ts";
import { Fault } from "../model/fault.ts";
import { uuidv7 } from "../model/uuid.ts";
import { eraseEvent } from "../seal/erase.ts";
import type { Ledger } from "../seal/ledger.ts";
import type { Erasure, Hand } from "../store/erasures.ts";
import { type AskBytes, eraseRunMessage, removeStoredEvent, storedSegments } from "../store/segment-rows.ts";
import type { ControlStore, EventStore } from "../store/store.ts";

const reasonLengthMax = 1000;

export type ErasureParts = {
  readonly ledger: Ledger;
  readonly ask: AskBytes;
  readonly events: Pick<EventStore, "event">;
  readonly control: Pick<ControlStore, "erasures" | "erasure" | "putErasure">;
  readonly clock: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
};

export function makeErasures(parts: ErasureParts): ErasureDesk & { readonly finish: () => Promise<number> } {
  const { control, events, clock, randomBytes } = parts;
  /** One after the other: each moves whole parts of the store. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };

  const openOne = async (id: string): Promise<Erasure> => {
    const erasure = await control.erasure(id);
    if (erasure === undefined) throw new Fault("NOT_FOUND", "There is no erasure with this id.");
    if (erasure.state !== "asked")
      throw new Fault("BAD_REQUEST", `This erasure is ${erasure.state} already.`);
    return erasure;
  };

  return {
    list: () => control.erasures(),
    ask: async (eventId, reason, askedBy) => {
      const text = reason.trim();
      if (text === "" || text.length > reasonLengthMax)
        throw new Fault(
          "BAD_REQUEST",
          `A reason has 1 to ${reasonLengthMax} characters; say why, never what.`,
        );
      const event = await events.event(eventId);
      if (event === undefined) throw new Fault("NOT_FOUND", "There is no event with this id.");
      const erasure: Erasure = {
        id: uuidv7(clock(), randomBytes(10)),
        eventId: event.id,
        segment: event.segment,
        place: event.segment_index,
        reason: text,
        state: "asked",
        askedBy,
        askedMs: clock(),
      };
      await control.putErasure(erasure);
      return erasure;
    },
    refuse: async (id, decidedBy) => {
      const refused: Erasure = { ...(await openOne(id)), state: "refused", decidedBy, decidedMs: clock() };
      await control.putErasure(refused);
      return refused;
    },
    approve: (id, decidedBy) =>
      inTurn(async () => {
        const erasure = await openOne(id);
        refuseSameHand(erasure.askedBy, decidedBy);
        const approved: Erasure = { ...erasure, state: "approved", decidedBy, decidedMs: clock() };
        await control.putErasure(approved);
        return await erase(parts, approved);
      }),
    finish: () =>
      inTurn(async () => {
        const left = (await control.erasures()).filter(({ state }) => state === "approved");
        for (const erasure of left) await erase(parts, erasure);
        return left.length;
      }),
  };
}

/** Who asked cannot agree; nor can what is called the same, which the ledger could not tell apart. */
function refuseSameHand(askedBy: Hand, decidedBy: Hand): void {
  if (askedBy.id !== decidedBy.id && askedBy.name !== decidedBy.name) return;
  throw new Fault("RIGHT_MISSING", "Another person than the one who asked must agree to an erasure.");
}

/** Each step may be repeated: the statement is made once, and what is gone is passed over. */
async function erase(parts: ErasureParts, erasure: Erasure): Promise<Erasure> {
  const { ledger, ask, events, control, clock } = parts;
  const { segment, place, eventId, reason, askedBy, decidedBy } = erasure;
  const event = await events.event(eventId);
  const rows = await storedSegments(ask)(segment, segment + 1);
  await eraseEvent(ledger, rows, {
    segment,
    place,
    actor: askedBy.name,
    approver: decidedBy?.name ?? "",
    reason,
  });
  // The run first: as long as the event is there, a repetition knows which run it is.
  if (event?.run_id !== undefined && event.error_message !== undefined)
    await eraseRunMessage(ask, event.run_id);
  await removeStoredEvent(ask, eventId, segment, place);
  const done: Erasure = { ...erasure, state: "done", doneMs: clock() };
  await control.putErasure(done);
  return done;
}
