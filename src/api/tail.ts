/**
 * Feeds all listeners of the live tail by one ticker: while somebody listens, the store is asked
 * at a steady pace for what arrived, once for all listeners that want the same.
 */
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Arrivals, EventFilter, EventStore, LedgerPlace } from "../store/store.ts";
import type { RouteParts } from "./parts.ts";

/** Listeners at once. More: 503. */
const listenersMax = 64;
/** Events handed to a listener in one tick. More: the newest are, the rest is counted as skipped. */
const tickRowsMax = 500;
const tickMs = 400;
/** Events further back than this are history, not news, even when they arrive only now. */
const backMicros = 24 * 3_600_000_000;

type Listener = {
  readonly filter: EventFilter;
  /** Absent: from now on. */
  readonly after?: LedgerPlace;
  readonly arrived: (arrivals: Arrivals) => void;
  /** The server stops. */
  readonly ended: () => void;
};

export type Tail = {
  /** Throws `SERVER_BUSY` when there are too many listeners already. */
  readonly reserve: () => void;
  /** Gives the function that ends the listening. */
  readonly listen: (listener: Listener) => () => void;
  readonly close: () => void;
};

type Place = { after: LedgerPlace | undefined };

type TailParts = Pick<RouteParts, "everyEvent" | "clock" | "report">;

/** Listeners give filters that are narrowed to what they may see. */
export function makeTail({ everyEvent: events, clock, report }: TailParts): Tail {
  const places = new Map<Listener, Place>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function tick(): Promise<void> {
    for (const group of groups(places)) await serve(events, clock, group);
  }

  function schedule(waitMs: number): void {
    if (timer !== undefined || closed || places.size === 0) return;
    timer = setTimeout(() => {
      tick()
        .catch((error: unknown) => {
          // The engine is being started again; the next tick goes on from the same place.
          if (!(error instanceof Fault)) report("error", `The live tail failed: ${String(error)}`);
        })
        .finally(() => {
          timer = undefined;
          schedule(tickMs);
        });
    }, waitMs);
  }

  return {
    reserve: () => {
      if (closed || places.size >= listenersMax) {
        throw new Fault("SERVER_BUSY", `At most ${listenersMax} listeners follow the tail at once.`);
      }
    },
    listen: (listener) => {
      places.set(listener, { after: listener.after });
      schedule(0);
      return () => places.delete(listener);
    },
    close: () => {
      closed = true;
      clearTimeout(timer);
      for (const listener of places.keys()) listener.ended();
      places.clear();
    },
  };
}

type Group = { readonly filter: EventFilter; readonly members: (readonly [Listener, Place])[] };

/** Listeners that want the same from the same place are asked for together. */
function groups(places: ReadonlyMap<Listener, Place>): readonly Group[] {
  const found = new Map<string, Group>();
  for (const member of places) {
    const [{ filter }, { after }] = member;
    const { fromMicros: _from, untilMicros: _until, ...wanted } = filter;
    const key = JSON.stringify([wanted, after]);
    const group = found.get(key) ?? { filter, members: [] };
    group.members.push(member);
    found.set(key, group);
  }
  return [...found.values()];
}

async function serve(
  events: Pick<EventStore, "arrivals">,
  clock: Clock,
  { filter, members }: Group,
): Promise<void> {
  const nowMicros = clock() * 1000;
  const after = members[0]?.[1].after;
  const arrivals = await events.arrivals({
    ...filter,
    fromMicros: nowMicros - backMicros,
    untilMicros: nowMicros + backMicros,
    ...(after && { after }),
    limit: tickRowsMax,
  });
  for (const [listener, place] of members) {
    // While nothing is stored, everything that comes is new.
    place.after = arrivals.head ?? after ?? { segment: 0, index: 0 };
    if (arrivals.rows.length > 0 || arrivals.skipped > 0) listener.arrived(arrivals);
  }
}
