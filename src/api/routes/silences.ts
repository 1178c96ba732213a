/** Silences and maintenance: nobody need be told for a time; everything is recorded all the same. */
import { Type } from "typebox";
import type { SilenceWish } from "../../alert/parts.ts";
import { Fault } from "../../model/fault.ts";
import { parseTime } from "../../model/time.ts";
import type { AddRoutes } from "../parts.ts";
import { silenceAnswer } from "../watch-answers.ts";
import { endSilenceSchema, putSilenceSchema, silenceListSchema, silenceSchema } from "../watch-schemas.ts";
import { refusals } from "./refusals.ts";

const nobody = "somebody at this server";

export const addSilenceRoutes: AddRoutes = (server, { watch, clock }) => {
  server.get(
    "/api/v1/silences",
    {
      schema: {
        operationId: "listSilences",
        tags: ["incidents"],
        summary: "List silences and maintenance: in force, to come, and ended in the last 30 days",
        response: { 200: silenceListSchema, ...refusals(421) },
      },
    },
    async () => {
      const nowMs = clock();
      return { rows: (await watch.silences()).map((silence) => silenceAnswer(silence, nowMs)) };
    },
  );

  server.post(
    "/api/v1/silences",
    {
      schema: {
        operationId: "addSilence",
        tags: ["incidents"],
        summary: "Tell nobody of some incidents for a time, and why",
        body: putSilenceSchema,
        response: { 200: silenceSchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async ({ body }) => {
      const nowMs = clock();
      const { purpose = "silence", when, from, until, reason, by = nobody } = body;
      const wish: SilenceWish = {
        purpose,
        when,
        reason,
        fromMs: from === undefined ? nowMs : momentOf(from, "from"),
        untilMs: momentOf(until, "until"),
      };
      return silenceAnswer(await watch.addSilence(wish, by), nowMs);
    },
  );

  server.post(
    "/api/v1/silences/:id/end",
    {
      schema: {
        operationId: "endSilence",
        tags: ["incidents"],
        summary: "End a silence before its time",
        params: Type.Object({ id: Type.String({ description: "the silence's id" }) }),
        body: endSilenceSchema,
        response: { 200: silenceSchema, ...refusals(403, 404, 421) },
      },
    },
    async ({ params, body }) => {
      const silence = await watch.endSilence(params.id, body.by ?? nobody);
      if (!silence) throw new Fault("NOT_FOUND", "There is no silence with this id.");
      return silenceAnswer(silence, clock());
    },
  );
};

function momentOf(text: string, name: string): number {
  const micros = parseTime(text);
  if (micros === undefined) {
    throw new Fault("BAD_REQUEST", `\`${name}\` must be a time with its zone, such as 2026-11-21T02:00:00Z.`);
  }
  return micros / 1000;
}
