/**
 * Delivers messages: each is a row before it is sent and has a receipt after, and what was not
 * delivered is tried again. Nothing is sent twice by design. Only if Midwatch dies between sending
 * and noting the receipt, the message goes again: the receiver knows it by its id, or cannot tell.
 */
import type { Message, TimelineEntry } from "../model/incident.ts";
import type { WatchStore } from "../store/watch.ts";
import type { Delivery } from "./channel.ts";
import type { WriteLetter } from "./letters.ts";
import { entryOf } from "./life.ts";
import type { Channel } from "./setup.ts";

/** Longer than any channel takes: what one server is sending is not taken up by another. */
const leaseMs = 120_000;
const retryFromMs = 5000;
const retryMsMax = 3_600_000;
/** After so long it would only be history. */
const giveUpMs = 3 * 86_400_000;
const atOnceMax = 20;

export type OutboxParts = {
  readonly store: Pick<WatchStore, "dueMessages" | "claimMessage" | "noteMessage">;
  readonly channels: readonly Channel[];
  readonly write: WriteLetter;
  readonly clock: () => number;
  /** From 0 to 1, so that receivers that were away are not all called at once. */
  readonly random: () => number;
  /** Hears what became of each attempt. */
  readonly onAttempt?: (message: Message, outcome: Message["state"]) => void;
};

/** Sends what is due; resolves when each of it has an answer. */
export async function deliverDue(parts: OutboxParts): Promise<void> {
  const due = await parts.store.dueMessages(parts.clock(), atOnceMax);
  await Promise.all(due.map((message) => deliver(message, parts)));
}

async function deliver(message: Message, parts: OutboxParts): Promise<void> {
  const { store, channels, clock } = parts;
  const channel = channels.find(({ name }) => name === message.channel);
  if (!channel) {
    const receipt = "The channel is not configured any more.";
    await store.noteMessage(
      { ...message, state: "failed", receipt },
      entry(message, "undelivered", receipt, clock()),
    );
    return;
  }
  const mayRepeat = message.state === "sending" ? repetition(message, channel, clock()) : undefined;
  const sending: Message = {
    ...message,
    attempts: message.attempts + 1,
    state: "sending",
    dueMs: clock() + leaseMs,
  };
  // Of several servers one makes the attempt.
  if (!(await store.claimMessage(sending, clock(), mayRepeat))) return;
  const delivery = await sendSafely(channel, sending, parts.write);
  const [after, line] = settleMessage(sending, delivery, clock(), parts.random());
  await store.noteMessage(after, line);
  parts.onAttempt?.(after, after.state);
}

async function sendSafely(channel: Channel, message: Message, write: WriteLetter): Promise<Delivery> {
  try {
    return await channel.send(message, await write(message, channel));
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", permanent: false, receipt: because.slice(0, 200) };
  }
}

/** What is noted of an attempt: a receipt, another try, or that it is given up. */
export function settleMessage(
  message: Message,
  delivery: Delivery,
  nowMs: number,
  random: number,
): readonly [Message, TimelineEntry | undefined] {
  const { receipt } = delivery;
  if (delivery.outcome === "delivered") {
    const because = `${message.channel} took it that it is ${message.tiding}: ${receipt}`;
    return [{ ...message, state: "delivered", receipt }, entry(message, "delivered", because, nowMs)];
  }
  const isOld = nowMs - message.madeMs > giveUpMs;
  if (delivery.permanent || isOld) {
    const because = `${message.channel} did not take it${isOld ? " for three days" : ""}: ${receipt}`;
    return [{ ...message, state: "failed", receipt }, entry(message, "undelivered", because, nowMs)];
  }
  const backoffMs = Math.min(retryFromMs * 2 ** (message.attempts - 1), retryMsMax) * (0.75 + random / 2);
  const dueMs = nowMs + Math.max(backoffMs, Math.min(delivery.retryAfterMs ?? 0, retryMsMax));
  const first = message.attempts === 1;
  const because = `${message.channel} did not take it, and is tried again: ${receipt}`;
  return [
    { ...message, state: "waiting", dueMs, receipt },
    first ? entry(message, "undelivered", because, nowMs) : undefined,
  ];
}

function repetition(message: Message, { knownBy }: Channel, nowMs: number): TimelineEntry {
  const how = knownBy === undefined ? "it cannot tell a repetition" : `it knows a repetition by ${knownBy}`;
  const because = `Midwatch ended before it noted the answer of ${message.channel}. It is sent again; ${how}.`;
  return entry(message, "told", because, nowMs);
}

function entry(
  { incidentId }: Message,
  act: "told" | "delivered" | "undelivered",
  because: string,
  nowMs: number,
): TimelineEntry {
  return entryOf({ id: incidentId }, nowMs, act, because);
}
