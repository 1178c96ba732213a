/**
 * What the links in messages lead to. The token is the right: it is for one incident, and came with
 * its message. It stands in the body, so that it comes into no log; reading it changes nothing.
 */
import { Fault } from "../../model/fault.ts";
import type { AddRoutes } from "../parts.ts";
import { incidentAnswer, linkAnswer } from "../watch-answers.ts";
import { incidentSchema, linkAcknowledgeSchema, linkReadSchema, linkSchema } from "../watch-schemas.ts";
import { refusals } from "./refusals.ts";

const notGood = "This link is not good, or not any more: look at the incident itself.";

export const addLinkRoutes: AddRoutes = (server, { watch }) => {
  server.post(
    "/api/v1/links/read",
    {
      schema: {
        operationId: "readLink",
        tags: ["incidents"],
        summary: "Say what the link of a message is about",
        body: linkReadSchema,
        response: { 200: linkSchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async ({ body }) => {
      const linked = await watch.linked(body.token);
      if (!linked) throw new Fault("NOT_FOUND", notGood);
      return linkAnswer(linked);
    },
  );

  server.post(
    "/api/v1/links/acknowledge",
    {
      schema: {
        operationId: "acknowledgeByLink",
        tags: ["incidents"],
        summary: "Acknowledge the one incident that the link of a message is about",
        body: linkAcknowledgeSchema,
        response: { 200: incidentSchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async ({ body }) => {
      const { token, by = "", reason = "" } = body;
      const incident = await watch.acknowledgeByLink(token, { by, reason });
      if (!incident) throw new Fault("NOT_FOUND", notGood);
      return incidentAnswer(incident);
    },
  );
};
