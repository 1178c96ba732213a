/** What goes out: messages from the outbox, what is open to those who forget it, and signs of life to peers. */
import type { Histogram } from "../model/histogram.ts";
import type { Message } from "../model/incident.ts";
import type { WriteLetter } from "./letters.ts";
import { deliverDue } from "./outbox.ts";
import type { WatchParts } from "./parts.ts";
import { type Rounds, startRounds } from "./rounds.ts";
import type { Channel } from "./setup.ts";

const deliverEveryMs = 500;
/** Deliveries that wait for slow receivers at a time. */
const deliveriesMax = 10;
const refreshEveryMs = 60_000;
/** Without a look for so long, peers are told that the watch does not look. */
const troubleMs = 30_000;

export type DeliveringParts = WatchParts & {
  readonly newId: () => string;
  readonly write: WriteLetter;
  /** When a look, or the attempt to lead, last went well. */
  readonly lookedMs: () => number;
  readonly delivery: Histogram;
  readonly attempts: Map<string, number>;
};

export function startDelivering(parts: DeliveringParts): Rounds {
  const { store, setup, clock, randomBytes, write } = parts;
  const running = new Set<Promise<void>>();
  const quiet = { onTrouble: () => undefined, onEnd: () => undefined };

  function onAttempt(message: Message, outcome: Message["state"]): void {
    const key = JSON.stringify([message.channel, outcome]);
    parts.attempts.set(key, (parts.attempts.get(key) ?? 0) + 1);
    if (outcome === "delivered") parts.delivery.observe(clock() - message.madeMs);
  }

  const outbox = startRounds(
    async () => {
      if (running.size >= deliveriesMax) return;
      const random = (): number => (randomBytes(1)[0] ?? 0) / 255;
      const delivery = deliverDue({ store, channels: setup.channels, write, clock, random, onAttempt })
        .catch((error: unknown) => parts.report("error", `Messages cannot be delivered: ${String(error)}`))
        .finally(() => running.delete(delivery));
      running.add(delivery);
    },
    { everyMs: deliverEveryMs, ...quiet },
  );

  const forgetful = setup.channels.filter(({ refresh }) => refresh !== undefined);
  const refreshing = forgetful.map((channel) =>
    startRounds(() => refreshChannel(channel, parts), {
      everyMs: refreshEveryMs,
      onTrouble: (because) => parts.report("error", `${channel.name} cannot be reminded: ${because}`),
      onEnd: () => parts.report("info", `${channel.name} is reminded again`),
    }),
  );

  const beacons = setup.beacons.map(({ name, everyMs, tell }) =>
    startRounds(
      async () => {
        const quietMs = clock() - parts.lookedMs();
        const trouble =
          quietMs > troubleMs ? `The watch has not looked for ${Math.round(quietMs / 1000)} s.` : undefined;
        const { outcome, receipt } = await tell(trouble);
        if (outcome === "failed") throw new Error(receipt);
      },
      {
        everyMs,
        atOnce: true,
        onTrouble: (because) =>
          parts.report("error", `The peer ${name} cannot be told that we watch: ${because}`),
        onEnd: () => parts.report("info", `The peer ${name} is told again that we watch`),
      },
    ),
  );

  return {
    async close() {
      await Promise.all([outbox, ...refreshing, ...beacons].map((one) => one.close()));
      await Promise.all(running);
    },
  };
}

/** What was told there and is not over is said again. */
async function refreshChannel(channel: Channel, parts: DeliveringParts): Promise<void> {
  const { store, clock, newId, write } = parts;
  const unresolved = await store.unresolvedIncidents();
  const told = unresolved.filter(({ toldTo }) => toldTo?.includes(channel.name));
  if (told.length === 0) return;
  const open = await Promise.all(
    told.map(async (incident) => {
      const message: Message = {
        id: newId(),
        incidentId: incident.id,
        channel: channel.name,
        tiding: "reminded",
        incident,
        madeMs: clock(),
        dueMs: clock(),
        attempts: 1,
        state: "sending",
      };
      return { message, letter: await write(message, channel) };
    }),
  );
  const delivery = await channel.refresh?.(open);
  if (delivery?.outcome === "failed") throw new Error(delivery.receipt);
}
