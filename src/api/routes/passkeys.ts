/** Passkeys: made by who is signed in, and signed in with. The browser's part is in `web/passkeys.ts`. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Site } from "../../access/passkeys.ts";
import { Fault } from "../../model/fault.ts";
import {
  newPasskeySchema,
  passkeyAnswerSchema,
  passkeyOptionsSchema,
  provenSchema,
} from "../access-schemas.ts";
import type { AddRoutes } from "../parts.ts";
import { selfOf } from "./account.ts";
import { refusals } from "./refusals.ts";
import { keepSession, noteSignIn, surroundingsOf } from "./session.ts";

const head = (operationId: string, tag: string, summary: string) => ({ operationId, tags: [tag], summary });
const nothing = Type.Null();

export const addPasskeyRoutes: AddRoutes = (server, parts) => {
  const { access, control, journal } = parts;
  const siteOf = ({ host }: FastifyRequest): Site => ({
    origin: parts.pageAddress ?? `${access.secure ? "https" : "http"}://${host}`,
  });

  /** Who has a password proves it once more before what opens the account is changed. */
  async function proven(request: FastifyRequest, password: string | undefined) {
    const person = await selfOf(request, parts);
    if (person.passwordHash !== undefined) {
      await access.people.prove(person, password ?? "", surroundingsOf(request));
    }
    return person;
  }

  server.post(
    "/api/v1/me/passkeys/options",
    {
      schema: {
        ...head("beginPasskey", "account", "Begin to make a passkey; proves the password first"),
        body: provenSchema,
        response: { 200: passkeyOptionsSchema, ...refusals(400, 401, 403, 404, 421, 429, 503) },
      },
    },
    async (asked) => ({
      options: await access.passkeys.beginMaking(await proven(asked, asked.body.password), siteOf(asked)),
    }),
  );

  server.post(
    "/api/v1/me/passkeys",
    {
      schema: {
        ...head("makePasskey", "account", "Keep the passkey that the browser has made"),
        body: newPasskeySchema,
        response: { 204: nothing, ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { name, response } = request.body;
      await access.passkeys.finishMaking(await selfOf(request, parts), name, response, siteOf(request));
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/me/passkeys/:id/remove",
    {
      schema: {
        ...head("removePasskey", "account", "Remove a passkey; proves the password first"),
        params: Type.Object({ id: Type.String() }),
        body: provenSchema,
        response: { 204: nothing, ...refusals(400, 401, 403, 404, 421, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id, passkeys = [] } = await proven(request, request.body.password);
      if (!passkeys.some((one) => one.id === request.params.id)) {
        throw new Fault("NOT_FOUND", "There is no such passkey of yours.");
      }
      await control.changePerson(id, (one) => ({
        ...one,
        passkeys: (one.passkeys ?? []).filter((each) => each.id !== request.params.id),
      }));
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/sign-in/passkey/options",
    {
      schema: {
        ...head("beginPasskeySignIn", "session", "Begin to sign in with a passkey"),
        response: { 200: passkeyOptionsSchema, ...refusals(403, 421, 429) },
      },
    },
    async (asked) => ({ options: await access.passkeys.begin(siteOf(asked)) }),
  );

  server.post(
    "/api/v1/sign-in/passkey",
    {
      schema: {
        ...head("signInWithPasskey", "session", "Sign in with a passkey"),
        body: passkeyAnswerSchema,
        response: { 204: nothing, ...refusals(400, 401, 403, 421, 429, 503) },
      },
    },
    async (request, reply) => {
      const from = surroundingsOf(request);
      try {
        const person = await access.passkeys.finish(request.body.response, siteOf(request));
        await noteSignIn(journal, person.name, from, "access.authn_login_success");
        await keepSession(reply, parts, await access.people.begin(person, "passkey", from));
      } catch (error) {
        if (error instanceof Fault && error.code === "SIGN_IN_REFUSED") {
          await noteSignIn(journal, "unknown", from, "access.authn_login_fail").catch(() => undefined);
        }
        throw error;
      }
      return await reply.code(204).send(null);
    },
  );
};
