/** More log lines for a while: agents carry the wish to the recorders of their hosts. */
import { type Static, Type } from "typebox";
import { type DebugRequest, debugMinutesMax, debugRequestsMax } from "../../model/debug.ts";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import { uuidv7 } from "../../model/uuid.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 300, description }));
const wish = {
  service: name("of this service alone"),
  job: name("of runs of this job alone"),
  logger: name("of this logger alone"),
};

const debugSchema = Type.Object({
  id: Type.String(),
  ...wish,
  until: Type.String({ format: "date-time" }),
  by: Type.String({ description: "who asked for it" }),
  made: Type.String({ format: "date-time" }),
});
export type DebugAnswer = Static<typeof debugSchema>;

const debugListSchema = Type.Object({ rows: Type.Array(debugSchema) });
export type DebugList = Static<typeof debugListSchema>;

const newDebugSchema = Type.Object({
  ...wish,
  minutes: Type.Number({
    exclusiveMinimum: 0,
    maximum: debugMinutesMax,
    description: "for so long from now",
  }),
});

export const addDebugRoutes: AddRoutes = (server, { control, journal, clock, randomBytes }) => {
  server.get(
    "/api/v1/debug",
    {
      schema: {
        operationId: "listDebugging",
        tags: ["debug"],
        summary: "List the wishes for more log lines that are in force",
        response: { 200: debugListSchema, ...refusals(421) },
      },
    },
    async () => ({ rows: (await control.debugs(clock())).map(answerOf) }),
  );

  server.post(
    "/api/v1/debug",
    {
      schema: {
        operationId: "startDebugging",
        tags: ["debug"],
        summary: "Record log lines below the level, of a service, job or logger, for a while",
        body: newDebugSchema,
        response: { 201: debugSchema, ...refusals(400, 403, 421) },
      },
    },
    async (request, reply) => {
      const { service, job, logger, minutes } = request.body;
      if (service === undefined && job === undefined && logger === undefined) {
        throw new Fault("BAD_REQUEST", "Name a `service`, a `job` or a `logger`.");
      }
      const nowMs = Math.floor(clock());
      const made: DebugRequest = {
        id: uuidv7(nowMs, randomBytes(10)),
        ...(service !== undefined && { service }),
        ...(job !== undefined && { job }),
        ...(logger !== undefined && { logger }),
        untilMs: nowMs + Math.round(minutes * 60_000),
        by: actorOf(request).name,
        madeMs: nowMs,
      };
      await record(made, "started");
      if (!(await control.addDebug(made))) {
        throw new Fault("BAD_REQUEST", `At most ${debugRequestsMax} are in force at once; end one first.`);
      }
      return await reply.code(201).send(answerOf(made));
    },
  );

  server.delete(
    "/api/v1/debug/:id",
    {
      schema: {
        operationId: "endDebugging",
        tags: ["debug"],
        summary: "End a wish for more log lines before its time",
        params: Type.Object({ id: Type.String() }),
        response: { 200: debugSchema, ...refusals(403, 404, 421) },
      },
    },
    async (request, reply) => {
      await journal.check();
      const ended = await control.endDebug(request.params.id, clock());
      if (!ended) throw new Fault("NOT_FOUND", "Nothing with this id is in force.");
      await record({ ...ended, by: actorOf(request).name }, "ended");
      return await reply.send(answerOf(ended));
    },
  );

  /** On disk before it has an effect. The text of the wish is in it, so no second event is made. */
  async function record(made: DebugRequest, what: "started" | "ended"): Promise<void> {
    const { id, by, service, job, logger } = made;
    const named = { ...(service && { service }), ...(job && { job }), ...(logger && { logger }) };
    const of = Object.entries(named).map(([key, value]) => `${key} ${value}`);
    const until = what === "started" ? ` until ${timeOf(made.untilMs)}` : "";
    await journal.record({
      kind: "access.sensitive_update",
      actor: by,
      outcome: "success",
      message: `${by} ${what} debugging of ${of.join(", ")}${until}`,
      attributes: { debug: { id, ...named, until: timeOf(made.untilMs) }, route: "debug" },
    });
  }
};

function answerOf({ untilMs, madeMs, ...rest }: DebugRequest): DebugAnswer {
  return { ...rest, until: timeOf(untilMs), made: timeOf(madeMs) };
}

function timeOf(ms: number): string {
  return formatTime(Math.floor(ms * 1000));
}
