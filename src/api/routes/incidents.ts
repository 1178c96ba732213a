/** Incidents: read, and what people decide about them. */
import { Type } from "typebox";
import type { Decision } from "../../alert/parts.ts";
import { Fault } from "../../model/fault.ts";
import { type IncidentState, incidentStates } from "../../model/incident.ts";
import { parseTime } from "../../model/time.ts";
import type { AddRoutes } from "../parts.ts";
import { incidentAnswer, incidentDetailAnswer } from "../watch-answers.ts";
import {
  channelListSchema,
  decisionSchema,
  deliverySchema,
  incidentDetailSchema,
  incidentListSchema,
  incidentSchema,
  reasonedSchema,
  snoozeSchema,
} from "../watch-schemas.ts";
import { refusals } from "./refusals.ts";

const idParameter = Type.Object({ id: Type.String({ description: "the incident's id" }) });
const nobody = "somebody at this server";

export const addIncidentRoutes: AddRoutes = (server, { watch }) => {
  server.get(
    "/api/v1/incidents",
    {
      schema: {
        operationId: "listIncidents",
        tags: ["incidents"],
        summary: "List incidents, those that are not resolved first, each part newest first",
        querystring: Type.Object(
          {
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
            state: Type.Optional(
              Type.Unsafe<IncidentState>(
                Type.String({ enum: [...incidentStates], description: "those in this state alone" }),
              ),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: incidentListSchema, ...refusals(400, 421) },
      },
    },
    async ({ query }) => ({
      rows: (await watch.incidents(query.limit ?? 100, query.state)).map(incidentAnswer),
    }),
  );

  server.get(
    "/api/v1/incidents/:id",
    {
      schema: {
        operationId: "readIncident",
        tags: ["incidents"],
        summary: "Read one incident with every decision about it, and who was told",
        params: idParameter,
        response: { 200: incidentDetailSchema, ...refusals(404, 421) },
      },
    },
    async ({ params }) => {
      const detail = await watch.incident(params.id);
      if (!detail) throw unknownIncident();
      return incidentDetailAnswer(detail);
    },
  );

  const said = { 200: incidentSchema, ...refusals(400, 403, 404, 421) };
  const head = (operationId: string, summary: string) => ({
    operationId,
    tags: ["incidents"],
    summary,
    params: idParameter,
    response: said,
  });
  const decide = async (id: string, decision: Decision, by: string = nobody) => {
    const incident = await watch.decide(id, decision, by);
    if (!incident) throw unknownIncident();
    return incidentAnswer(incident);
  };

  server.post(
    "/api/v1/incidents/:id/acknowledge",
    { schema: { ...head("acknowledgeIncident", "Say that somebody looks at it"), body: decisionSchema } },
    async ({ params, body }) =>
      await decide(params.id, { act: "acknowledge", reason: body.reason ?? "" }, body.by),
  );
  server.post(
    "/api/v1/incidents/:id/resolve",
    { schema: { ...head("resolveIncident", "Say that it is over, and why"), body: reasonedSchema } },
    async ({ params, body }) => await decide(params.id, { act: "resolve", reason: body.reason }, body.by),
  );
  server.post(
    "/api/v1/incidents/:id/note",
    { schema: { ...head("noteIncident", "Add a note"), body: reasonedSchema } },
    async ({ params, body }) => await decide(params.id, { act: "note", reason: body.reason }, body.by),
  );
  server.post(
    "/api/v1/incidents/:id/snooze",
    { schema: { ...head("snoozeIncident", "Tell nobody of it until a time, and why"), body: snoozeSchema } },
    async ({ params, body }) => {
      const untilMs = (parseTime(body.until) ?? 0) / 1000;
      return await decide(params.id, { act: "snooze", reason: body.reason, untilMs }, body.by);
    },
  );

  server.get(
    "/api/v1/channels",
    {
      schema: {
        operationId: "listChannels",
        tags: ["incidents"],
        summary: "List the channels through which people are told, and whose turn it is",
        response: { 200: channelListSchema, ...refusals(421) },
      },
    },
    async () => ({ rows: [...watch.channels()], onCall: [...watch.onCall()] }),
  );
  server.post(
    "/api/v1/channels/:id/test",
    {
      schema: {
        operationId: "testChannel",
        tags: ["incidents"],
        summary: "Send a message that says it is a test, and answer what the receiver said",
        params: Type.Object({ id: Type.String({ description: "the channel's name" }) }),
        response: { 200: deliverySchema, ...refusals(403, 404, 421) },
      },
    },
    async ({ params }) => {
      const delivery = await watch.testChannel(params.id);
      if (!delivery) throw new Fault("NOT_FOUND", "There is no channel of this name.");
      return { delivered: delivery.outcome === "delivered", receipt: delivery.receipt };
    },
  );
};

function unknownIncident(): Fault {
  return new Fault("NOT_FOUND", "There is no incident with this id.");
}
