/** Events: pages of them, one of them, how many when, and which values a field has. */
import { type Static, Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { type FieldName, fieldNames } from "../../model/fields.ts";
import { histogramAnswer } from "../answers.ts";
import { cursorOf, filterOf, filterParameters, pageParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { eventPageSchema, eventSchema, histogramSchema, valuesSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

const pageSchema = Type.Object(
  {
    ...filterParameters,
    ...pageParameters,
    order: Type.Optional(
      Type.Unsafe<"newest" | "oldest">(Type.String({ enum: ["newest", "oldest"], default: "newest" })),
    ),
  },
  { additionalProperties: false },
);

const histogramQuestion = Type.Object(
  { ...filterParameters, buckets: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 60 })) },
  { additionalProperties: false },
);

/** Times have no values worth listing. */
const listable = fieldNames.filter((name) => name !== "id" && name !== "time" && name !== "received_time");
const valuesQuestion = Type.Object(
  {
    ...filterParameters,
    field: Type.Unsafe<FieldName>(
      Type.String({ enum: listable, description: "the field whose values are wanted" }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })),
  },
  { additionalProperties: false },
);

export const addEventRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/events",
    {
      schema: {
        operationId: "searchEvents",
        tags: ["events"],
        summary: "Search events",
        querystring: pageSchema,
        response: { 200: eventPageSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const page = await events.events({ ...filterOf(query, clock()), ...pageOf(query) });
      return { rows: [...page.rows], next: page.next };
    },
  );

  server.get(
    "/api/v1/events/:id",
    {
      schema: {
        operationId: "readEvent",
        tags: ["events"],
        summary: "Read one event",
        params: Type.Object({ id: Type.String({ description: "the event's id" }) }),
        response: { 200: eventSchema, ...refusals(404, 421, 503) },
      },
    },
    async ({ params }) => {
      const event = await events.event(params.id.toLowerCase());
      if (!event) throw new Fault("NOT_FOUND", "There is no event with this id.");
      return event;
    },
  );

  server.get(
    "/api/v1/histogram",
    {
      schema: {
        operationId: "countEvents",
        tags: ["events"],
        summary: "Count events by time and severity",
        querystring: histogramQuestion,
        response: { 200: histogramSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const filter = filterOf(query, clock());
      return histogramAnswer(await events.histogram(filter, query.buckets ?? 60), filter);
    },
  );

  server.get(
    "/api/v1/values",
    {
      schema: {
        operationId: "listValues",
        tags: ["events"],
        summary: "List the most frequent values of a field",
        querystring: valuesQuestion,
        response: { 200: valuesSchema, ...refusals(400, 421, 422, 503) },
      },
    },
    async ({ query }) => {
      const filter = filterOf(query, clock());
      return { values: [...(await events.fieldValues(filter, query.field, query.limit ?? 20))] };
    },
  );
};

function pageOf({ order, limit, cursor }: Static<typeof pageSchema>) {
  return { order: order ?? "newest", limit: limit ?? 100, ...cursorOf(cursor) } as const;
}
