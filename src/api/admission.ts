/**
 * Admits each request, or refuses it, by the policy: before its body is read and before its route
 * looks for anything. A route that the policy does not name cannot be added at all.
 */
import type { FastifyRequest } from "fastify";
import { type Access, refuseUnlessAllowed } from "../access/access.ts";
import { type Actor, askedBy } from "../access/actor.ts";
import { needOf } from "../access/policy.ts";
import { makeRateLimit } from "../access/rate.ts";
import type { Clock } from "../model/time.ts";
import { cookieIn } from "./cookies.ts";
import type { Api } from "./parts.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks; absent only where the policy lets anyone in, or a sender that its route looks at. */
    actor: Actor | undefined;
  }
}

/** By person or key where one is known, else by address. A page on one screen asks twice a second. */
const rateOf = {
  known: { perSecond: 50, burst: 500 },
  anyone: { perSecond: 50, burst: 500 },
  sender: { perSecond: 500, burst: 2000 },
} as const;

export function admitByPolicy(server: Api, access: Access, clock: Clock): void {
  const rates = makeRateLimit(clock);
  server.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) {
      if (needOf(one, url) === undefined)
        throw new Error(`${one} ${url} is not in src/access/policy.ts: say there what it needs`);
    }
  });
  server.decorateRequest("actor", undefined);
  server.addHook("onRequest", async (request) => {
    const { url } = request.routeOptions;
    // An address without a route: the answer is the same for everybody.
    if (url === undefined) return;
    const need = needOf(request.method, url);
    if (need === "anyone" || need === "sender") {
      rates.take(`${need} ${request.ip}`, rateOf[need]);
      return;
    }
    request.actor = await whoAsks(access, request);
    const { actor } = request;
    rates.take(
      actor ? `${actor.kind} ${actor.id}` : `unknown ${request.ip}`,
      rateOf[actor ? "known" : "anyone"],
    );
    refuseUnlessAllowed(actor, need ?? "people");
  });
  server.addHook("preHandler", (request, _reply, done) => {
    if (request.actor === undefined) done();
    else askedBy(request.actor, done);
  });
}

/** Rejects with `KEY_INVALID`. Asked again in the course of an answer that lasts. */
export async function whoAsks(access: Access, { headers, ip }: FastifyRequest): Promise<Actor | undefined> {
  return await access.whoAsks({
    address: ip,
    authorization: headers.authorization,
    session: cookieIn(headers.cookie, "session", access.secure),
  });
}

/** Who asks, where the policy let nobody unknown in. */
export function actorOf(request: FastifyRequest): Actor {
  if (request.actor === undefined) throw new Error("a route without a right asks who asks");
  return request.actor;
}
