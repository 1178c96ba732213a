/** How a host gets its key without anybody carrying one there: a token that is good once, for an hour. */
import { makeKey } from "../../access/keyring.ts";
import { senderOf } from "../../access/sender.ts";
import { Fault } from "../../model/fault.ts";
import {
  certificateSchema,
  enrolledSchema,
  enrolmentSchema,
  enrolSchema,
  newEnrolmentSchema,
} from "../access-schemas.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { shownBy } from "../shown.ts";
import { refusals } from "./refusals.ts";

export const addEnrolmentRoutes: AddRoutes = (server, parts) => {
  const { access, agents, keyring, control, journal, clock, randomBytes } = parts;

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
        response: { 201: enrolledSchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { token, bound = false, request: wish } = request.body;
      // Before the token is used up.
      if (wish !== undefined && !agents) {
        throw new Fault("BAD_REQUEST", "This server gives no certificates: its setting `tls.agents` is off.");
      }
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
      const certificate = wish && (await agents?.issue(wish, { source: host, keyId: made.id }));
      await journal.record({
        kind: "access.authn_token_created",
        actor: host,
        outcome: "success",
        message: `${host} enrolled with a token of ${invitation.madeBy}`,
        attributes: { address: request.ip, key: made.id },
      });
      return await reply.code(201).send({ ...made, ...(certificate && { certificate }) });
    },
  );

  server.post(
    "/api/v1/enrolments/renew",
    {
      schema: {
        operationId: "renewCertificate",
        tags: ["keys"],
        summary: "Get the certificate that was shown for another span of time",
        response: { 200: certificateSchema, ...refusals(400, 401, 421) },
      },
    },
    async (asked) => {
      const shown = shownBy(asked);
      const key = await senderOf(keyring, agents, shown);
      if (!agents || !shown.certificate || !agents.holderOf(shown.certificate) || key.source === undefined) {
        throw new Fault("BAD_REQUEST", "Show the certificate of this server that is to be renewed.");
      }
      const { source, id: keyId } = key;
      await journal.record({
        kind: "access.authn_token_created",
        actor: source,
        outcome: "success",
        message: `${source} renewed its certificate`,
        attributes: { address: asked.ip, key: keyId },
      });
      return { certificate: await agents.renew(shown.certificate, { source, keyId }) };
    },
  );
};
