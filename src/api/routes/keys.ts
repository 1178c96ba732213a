/** The keys of machines: made, listed and revoked. A key is shown once, when it is made. */
import { Type } from "typebox";
import { makeKey, rotateKey, rotationDays } from "../../access/keyring.ts";
import { Fault } from "../../model/fault.ts";
import { keyAnswer } from "../answers.ts";
import type { AddRoutes } from "../parts.ts";
import { keyListSchema, madeKeySchema, newKeySchema, rotateKeySchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

export const addKeyRoutes: AddRoutes = (server, { control, keyring, clock, randomBytes }) => {
  server.get(
    "/api/v1/keys",
    {
      schema: {
        operationId: "listKeys",
        tags: ["keys"],
        summary: "List keys, revoked ones included",
        response: { 200: keyListSchema, ...refusals(421) },
      },
    },
    async () => ({ rows: (await control.keys()).map(keyAnswer) }),
  );

  server.post(
    "/api/v1/keys",
    {
      schema: {
        operationId: "makeKey",
        tags: ["keys"],
        summary: "Make a key; the answer shows it this once",
        body: newKeySchema,
        response: { 201: madeKeySchema, ...refusals(400, 403, 421) },
      },
    },
    async ({ body }, reply) => {
      const made = await makeKey(control, body, { clock, randomBytes });
      keyring.forget(made.id);
      return await reply.code(201).send(made);
    },
  );

  server.post(
    "/api/v1/keys/:id/rotate",
    {
      schema: {
        operationId: "rotateKey",
        tags: ["keys"],
        summary:
          "Make a key in the place of another, which stays good for some days; the answer shows it this once",
        params: Type.Object({ id: Type.String() }),
        body: rotateKeySchema,
        response: { 201: madeKeySchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async ({ params, body }, reply) => {
      const days = body.days ?? rotationDays;
      const made = await rotateKey(control, params.id, days, { clock, randomBytes });
      if (!made) throw new Fault("NOT_FOUND", "There is no key with this id that is good.");
      keyring.forget(params.id);
      return await reply.code(201).send(made);
    },
  );

  server.delete(
    "/api/v1/keys/:id",
    {
      schema: {
        operationId: "revokeKey",
        tags: ["keys"],
        summary: "Revoke a key, at once",
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null(), ...refusals(403, 404, 421) },
      },
    },
    async ({ params }, reply) => {
      const revoked = await control.revokeKey(params.id, Math.floor(clock()));
      keyring.forget(params.id);
      if (!revoked) throw new Fault("NOT_FOUND", "There is no key with this id that is not revoked already.");
      return await reply.code(204).send(null);
    },
  );
};
