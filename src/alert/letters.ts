/** Writes the letter of a message for one channel, with what is known of the incident besides. */
import type { Incident, Message } from "../model/incident.ts";
import type { EventStore } from "../store/store.ts";
import { askBackground, type Background } from "./background.ts";
import type { Links } from "./links.ts";
import type { Channel } from "./setup.ts";
import { type Letter, letterOf } from "./text.ts";

/** Incidents whose background is remembered, so that one telling asks once and not once a channel. */
const rememberedMax = 200;

export type WriteLetter = (message: Message, channel: Channel) => Promise<Letter>;

export type LetterParts = {
  readonly events: Pick<EventStore, "event" | "events">;
  readonly page: string | undefined;
  readonly links: Links;
  readonly clock: () => number;
};

export function letterWriter({ events, page, links, clock }: LetterParts): WriteLetter {
  const remembered = new Map<string, Promise<Background>>();

  function backgroundOf(incident: Incident): Promise<Background> {
    const key = `${incident.id} ${incident.count}`;
    const known = remembered.get(key) ?? askBackground(events, incident, clock());
    remembered.delete(key);
    remembered.set(key, known);
    const [oldest] = remembered.keys();
    if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest);
    return known;
  }

  return async (message, channel) => {
    const { incident, tiding, madeMs } = message;
    const isTold = tiding === "resolved" || tiding === "acknowledged" || tiding === "test";
    const known = isTold ? undefined : await backgroundOf(incident);
    const background = known && channel.withoutEvidence ? { ...known, evidence: [] } : known;
    const acknowledge = tiding === "test" ? undefined : links.addressOf(incident, channel.name, madeMs);
    return letterOf(message, { page, acknowledge, ...(background && { background }) });
  };
}
