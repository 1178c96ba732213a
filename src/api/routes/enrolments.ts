/** How a host gets its key without anybody carrying one there: a token that is good once, for an hour. */
import { makeKey } from "../../access/keyring.ts";
import { Fault } from "../../model/fault.ts";
import { enrolmentSchema, enrolSchema, newEnrolmentSchema } from "../access-schemas.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { madeKeySchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

export const addEnrolmentRoutes: AddRoutes = (server, parts) => {
  const { access, control, journal, clock, randomBytes } = parts;

  server.post(
    "/api/v1/enrolments",
    {
      schema: {
        operationId: "inviteHost",
        tags: ["keys"],
        summary: "Make a token with which a host gets a key of its own; good once, for an hour",
        body: newEnrolmentSchema,
        response: { 201: enrolmentSchema, ...refusals(400, 401, 403, 421) },
      },
    },
    async (request, reply) => {
      const madeBy = actorOf(request).name;
      const { host } = request.body;
      const token = await access.people.invite({ kind: "agent", name: host, role: "viewer", madeBy });
      return await reply.code(201).send({ token });
    },
  );

  server.post(
    "/api/v1/enrolments/use",
    {
      schema: {
        operationId: "enrolHost",
        tags: ["keys"],
        summary:
          "Take the key that a token is good for: it may send, under the host's name and from its address",
        body: enrolSchema,
        response: { 201: madeKeySchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { token, bound = false } = request.body;
      const invitation = await access.people.invitation(token);
      const isOurs = invitation?.kind === "agent" && invitation.name !== undefined;
      await journal.check();
      if (!isOurs || !(await control.useInvitation(invitation.id, clock()))) {
        throw new Fault("NOT_FOUND", "This token was used before, is too old, or was not copied whole.");
      }
      const host = invitation.name ?? "";
      const made = await makeKey(
        control,
        { name: host, scopes: ["send"], source: host, ...(bound && { addresses: [request.ip] }) },
        { clock, randomBytes },
      );
      await journal.record({
        kind: "access.authn_token_created",
        actor: host,
        outcome: "success",
        message: `${host} enrolled with a token of ${invitation.madeBy}`,
        attributes: { address: request.ip, key: made.id },
      });
      return await reply.code(201).send(made);
    },
  );
};
