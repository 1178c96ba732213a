/**
 * Any HTTP receiver, signed in the form of Standard Webhooks (standardwebhooks.com): the signature
 * covers id, time and body, and the id stays the same in every repetition.
 */
import { createHmac } from "node:crypto";
import { Fault } from "../../model/fault.ts";
import { makeAddressGuard } from "../address-guard.ts";
import type { ChannelKind, ChannelSettings, Delivery } from "../channel.ts";
import { makePost, type Post } from "../http.ts";

export const webhookFields = {
  url: { form: "text", required: true, about: "where to send to" },
  secret: { form: "secret", required: true, about: "`whsec_` and 24 to 64 bytes in base64" },
} as const satisfies ChannelKind["fields"];

/** Posts signed bodies. Throws `Fault` `CONFIG_INVALID` where settings do not fit. */
export function signedPoster(
  settings: ChannelSettings,
  clock: () => number,
  post: Post = makePost({ guard: makeAddressGuard([]), clock }),
): (id: string, body: string) => Promise<Delivery> {
  const url = settings.text("url") ?? "";
  const secret = settings.text("secret") ?? "";
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (!secret.startsWith("whsec_") || key.length < 24 || key.length > 64) {
    throw new Fault("CONFIG_INVALID", "its secret must be `whsec_` and 24 to 64 bytes in base64");
  }
  return async (id, body) => {
    const seconds = String(Math.floor(clock() / 1000));
    const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": seconds,
      "webhook-signature": `v1,${signature}`,
    };
    return await post(url, { body, headers });
  };
}

export const webhook: ChannelKind = {
  fields: webhookFields,
  hearsAcknowledgements: true,
  knownBy: "the header webhook-id",
  make(settings, { clock, post }) {
    const send = signedPoster(settings, clock, post);
    return {
      send: (
        { id, tiding, madeMs, incident },
        { facts, heading, said, evidence, lastGood, runbook, link, acknowledge },
      ) =>
        send(
          id,
          JSON.stringify({
            type: `incident.${tiding}`,
            timestamp: new Date(madeMs).toISOString(),
            data: {
              heading,
              said,
              facts: Object.fromEntries(facts),
              evidence,
              lastGood,
              runbook,
              link,
              acknowledge,
              incident,
            },
          }),
        ),
    };
  },
};
