/**
 * Export of what a search finds. Guarded: it takes the right to read, says how much it gives, and
 * is recorded with its reason before the first byte, as every look is.
 */
import { AsyncResource } from "node:async_hooks";
import { Readable } from "node:stream";
import { Type } from "typebox";
import { limits } from "../../model/limits.ts";
import type { Cursor, EventFilter, EventStore, StoredEvent } from "../../store/store.ts";
import { filterOf, filterParameters } from "../ask.ts";
import { csvHead, csvLine } from "../csv.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

/** Events in one export. More: the newest, and the last line of NDJSON says so. */
const exportRowsMax = 100_000;

type Format = "csv" | "ndjson";

export const addExportRoutes: AddRoutes = (server, { events, clock }) => {
  server.get(
    "/api/v1/export",
    {
      exposeHeadRoute: false,
      schema: {
        operationId: "exportEvents",
        tags: ["events"],
        summary: `Export what a search finds, newest first, at most ${exportRowsMax} events`,
        querystring: Type.Object(
          {
            ...filterParameters,
            format: Type.Unsafe<Format>(Type.String({ enum: ["csv", "ndjson"] })),
            reason: Type.String({ minLength: 3, maxLength: 500, description: "why; it is recorded" }),
          },
          { additionalProperties: false },
        ),
        produces: ["text/csv", "application/x-ndjson"],
        response: {
          200: Type.Unsafe<Readable>({ type: "string", description: "the events" }),
          ...refusals(400, 421, 422, 503),
        },
      },
    },
    async ({ query: { format, reason: _reason, ...question } }, reply) => {
      const filter = filterOf(question, clock());
      // The pages that are read later are read for the one who asks now.
      const ask = AsyncResource.bind(
        async (after: Cursor | undefined) => await pageOf(events, filter, after),
      );
      const first = await ask(undefined);
      const day = new Date(filter.untilMicros / 1000).toISOString().slice(0, 10);
      reply.header("content-disposition", `attachment; filename="midwatch-${day}.${format}"`);
      reply.type(format === "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8");
      return await reply.send(Readable.from(textOf(format, first, ask)));
    },
  );
};

type EventsPage = Awaited<ReturnType<EventStore["events"]>>;

async function pageOf(
  events: EventStore,
  filter: EventFilter,
  after: Cursor | undefined,
): Promise<EventsPage> {
  return await events.events({
    ...filter,
    order: "newest",
    limit: limits.pageRowsMax,
    ...(after !== undefined && { after }),
  });
}

async function* textOf(
  format: Format,
  first: EventsPage,
  ask: (after: Cursor) => Promise<EventsPage>,
): AsyncGenerator<string> {
  const lineOf = format === "csv" ? csvLine : (event: StoredEvent): string => `${JSON.stringify(event)}\n`;
  if (format === "csv") yield csvHead;
  let page = first;
  for (let rows = 0; rows < exportRowsMax; ) {
    yield page.rows.map(lineOf).join("");
    rows += page.rows.length;
    if (page.next === null) return;
    page = await ask(page.next);
  }
  if (format === "ndjson") yield `${JSON.stringify({ cut: `the newest ${exportRowsMax} events` })}\n`;
}
