/** The live tail as server-sent events; see `tail.ts` beside this folder for what feeds it. */
import type { ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { Type } from "typebox";
import { type Actor, mayAsk } from "../../access/actor.ts";
import { visibleEvent } from "../../access/hiding.ts";
import { narrowed } from "../../access/restrict.ts";
import { Fault } from "../../model/fault.ts";
import type { LedgerPlace } from "../../store/store.ts";
import { actorOf, whoAsks } from "../admission.ts";
import { filterOf, filterParameters } from "../ask.ts";
import type { AddRoutes } from "../parts.ts";
import { makeTail } from "../tail.ts";
import { refusals } from "./refusals.ts";

/** Bytes that wait for a slow listener. More: events are skipped, and it is told how many. */
const waitingBytesMax = 1024 * 1024;
const heartbeatMs = 15_000;

const { from: _from, until: _until, ...tailParameters } = filterParameters;

export const addTailRoutes: AddRoutes = (server, parts) => {
  const tail = makeTail(parts);
  server.addHook("preClose", async () => tail.close());

  server.get(
    "/api/v1/tail",
    {
      // A question for the headers alone would listen for ever.
      exposeHeadRoute: false,
      schema: {
        operationId: "tailEvents",
        tags: ["events"],
        summary: "Follow events as they arrive (server-sent events)",
        description:
          "`event: event` carries an array of events, `event: skipped` carries `{count}` when there were too many. " +
          "`id` is a place in the ledger; `Last-Event-ID` goes on from there.",
        querystring: Type.Object(tailParameters, { additionalProperties: false }),
        headers: Type.Object({ "last-event-id": Type.Optional(Type.String()) }),
        produces: ["text/event-stream"],
        response: {
          200: Type.String({ description: "a stream of server-sent events" }),
          ...refusals(400, 421, 503),
        },
      },
    },
    async (request, reply) => {
      const actor = actorOf(request);
      const filter = narrowed(filterOf(request.query, parts.clock()), actor);
      const after = placeOf(request.headers["last-event-id"]);
      tail.reserve();
      reply.hijack();
      const stream = openStream(reply);
      let waiting = 0;
      const leave = tail.listen({
        filter,
        ...(after && { after }),
        ended: () => stream.end(),
        arrived: ({ rows, skipped, head }) => {
          // What a slow listener has not taken yet is all that it gets; the rest is only counted.
          if (stream.writableLength > waitingBytesMax) {
            waiting += rows.length + skipped;
            return;
          }
          const missed = waiting + skipped;
          waiting = 0;
          const id = head ? `id: ${head.segment}.${head.index}\n` : "";
          // The place comes with the last of the two, so that neither is lost with the connection.
          const skippedId = rows.length === 0 ? id : "";
          if (missed > 0)
            stream.write(`event: skipped\n${skippedId}data: ${JSON.stringify({ count: missed })}\n\n`);
          if (rows.length > 0)
            stream.write(
              `event: event\n${id}data: ${JSON.stringify(rows.map((row) => visibleEvent(row, actor)))}\n\n`,
            );
        },
      });
      // Whoever is shut out, signs out, or loses a right hears no more than until the next beat.
      const beat = async (): Promise<void> => {
        const now = await whoAsks(parts.access, request).catch(() => undefined);
        if (now && mayAsk(now, "read") && hasSameReach(now, actor)) stream.write(": still here\n\n");
        else stream.end();
      };
      const heartbeat = setInterval(() => void beat(), parts.tailBeatMs ?? heartbeatMs);
      stream.on("close", () => {
        clearInterval(heartbeat);
        leave();
      });
    },
  );
};

function hasSameReach(now: Actor, before: Actor): boolean {
  const reach = ({ streams, fields, services, environments }: Actor): string =>
    JSON.stringify([[...streams], [...fields], services, environments]);
  return reach(now) === reach(before);
}

function openStream(reply: FastifyReply): ServerResponse {
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
  // A first byte at once, so that the listener knows that it is heard.
  reply.raw.write("retry: 2000\n\n");
  reply.raw.on("error", () => reply.raw.destroy());
  return reply.raw;
}

function placeOf(text: string | undefined): LedgerPlace | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^(\d{1,15})\.(\d{1,10})$/.exec(text);
  if (!match) throw new Fault("QUERY_INVALID", "`Last-Event-ID` is not one that this server gave.");
  return { segment: Number(match[1]), index: Number(match[2]) };
}
