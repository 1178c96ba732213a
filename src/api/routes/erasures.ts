/** Erasures: one person asks for one and says why, another one agrees. */
import { Type } from "typebox";
import type { Actor } from "../../access/actor.ts";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import type { Erasure, Hand } from "../../store/erasures.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

const text = (description: string) => Type.String({ description });
const hand = Type.Object({ id: text("of the person or key"), name: text("as it was called then") });
const erasureSchema = Type.Object({
  id: text("of the erasure"),
  eventId: text("of the event"),
  segment: Type.Integer({ description: "of the event" }),
  reason: text("why; it stays in the ledger for ever"),
  state: Type.Union([
    Type.Literal("asked"),
    Type.Literal("approved"),
    Type.Literal("done"),
    Type.Literal("refused"),
  ]),
  askedBy: hand,
  askedTime: text("when"),
  decidedBy: Type.Optional(hand),
  decidedTime: Type.Optional(text("when")),
  doneTime: Type.Optional(text("when the content was gone")),
});
const head = (operationId: string, summary: string) => ({ operationId, tags: ["ledger"], summary });
const idOf = (what: string) => Type.Object({ id: text(`id of the ${what}`) });

export const addErasureRoutes: AddRoutes = (server, { erasures, events }) => {
  server.get(
    "/api/v1/erasures",
    {
      schema: {
        ...head("listErasures", "List erasures, the newest first"),
        response: { 200: Type.Object({ rows: Type.Array(erasureSchema) }), ...refusals(401, 403, 421) },
      },
    },
    async () => ({ rows: (await erasures.list()).map(erasureAnswer) }),
  );

  server.post(
    "/api/v1/events/:id/erasure",
    {
      schema: {
        ...head("askErasure", "Ask that the content of an event be erased"),
        params: idOf("event"),
        body: Type.Object({ reason: text("why, never what") }, { additionalProperties: false }),
        response: { 201: erasureSchema, ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async ({ params, body, actor }, reply) => {
      // Of another team: as if it were not there.
      if (!(await events.event(params.id))) throw new Fault("NOT_FOUND", "There is no event with this id.");
      const erasure = await erasures.ask(params.id, body.reason, handOf(actor));
      return reply.code(201).send(erasureAnswer(erasure));
    },
  );

  server.post(
    "/api/v1/erasures/:id/approve",
    {
      schema: {
        ...head("approveErasure", "Agree to an erasure that another person asked for; the content goes now"),
        params: idOf("erasure"),
        response: { 200: erasureSchema, ...refusals(400, 401, 403, 404, 421, 503) },
      },
    },
    async ({ params, actor }) => erasureAnswer(await erasures.approve(params.id, handOf(actor))),
  );

  server.post(
    "/api/v1/erasures/:id/refuse",
    {
      schema: {
        ...head("refuseErasure", "Refuse an erasure, or take it back"),
        params: idOf("erasure"),
        response: { 200: erasureSchema, ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async ({ params, actor }) => erasureAnswer(await erasures.refuse(params.id, handOf(actor))),
  );
};

/** The policy lets nobody unknown in. */
function handOf(actor: Actor | undefined): Hand {
  if (actor === undefined) throw new Error("a route without a right asks who asks");
  return { id: actor.id, name: actor.name };
}

const time = (ms: number): string => formatTime(Math.floor(ms * 1000));

function erasureAnswer(erasure: Erasure) {
  const { place: _, askedMs, decidedMs, doneMs, ...rest } = erasure;
  return {
    ...rest,
    askedTime: time(askedMs),
    ...(decidedMs !== undefined && { decidedTime: time(decidedMs) }),
    ...(doneMs !== undefined && { doneTime: time(doneMs) }),
  };
}

export type ErasureAnswer = ReturnType<typeof erasureAnswer>;
