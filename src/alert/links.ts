/**
 * Addresses in messages that let whoever got the message acknowledge that one incident, and do
 * nothing else: signed, for one opening of one incident and one channel, and for a week. The token
 * stands behind `#`, so that no server on the way and no log gets it; opening it changes nothing.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Incident } from "../model/incident.ts";

const validMs = 7 * 86_400_000;
const tokenLengthMax = 500;

export type LinkMeaning = { readonly incidentId: string; readonly channel: string; readonly opening: number };

export type Links = {
  readonly addressOf: (incident: Incident, channel: string, nowMs: number) => string | undefined;
  /** `undefined`: it is not ours, or too old. */
  readonly read: (token: string, nowMs: number) => LinkMeaning | undefined;
};

export function makeLinks(key: Uint8Array, page: string | undefined): Links {
  const sign = (text: string): Buffer => createHmac("sha256", key).update(`acknowledge ${text}`).digest();
  return {
    addressOf(incident, channel, nowMs) {
      if (page === undefined) return undefined;
      const parts = [incident.id, openingOf(incident), Math.floor((nowMs + validMs) / 1000), channel];
      const text = Buffer.from(JSON.stringify(parts)).toString("base64url");
      return `${page}/acknowledge#${text}.${sign(text).toString("base64url")}`;
    },
    read(token, nowMs) {
      const [text = "", signature = "", ...more] = token.slice(0, tokenLengthMax).split(".");
      const given = Buffer.from(signature, "base64url");
      const expected = sign(text);
      if (more.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected))
        return undefined;
      const [incidentId, opening, untilSeconds, channel] = JSON.parse(
        Buffer.from(text, "base64url").toString("utf8"),
      ) as readonly [string, number, number, string];
      return untilSeconds * 1000 < nowMs ? undefined : { incidentId, opening, channel };
    },
  };
}

/** Opened again, an incident is another call: a link of the one before does not answer it. */
export function openingOf({ reopenedMs }: Incident): number {
  return reopenedMs.at(-1) ?? 0;
}
