/** What a person changes about itself: password, one-time codes, sessions. */
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import type { Person, Session } from "../../store/people.ts";
import {
  codeSchema,
  newPasswordSchema,
  newTotpSchema,
  passwordSchema,
  recoveryCodesSchema,
  type SessionAnswer,
  sessionListSchema,
} from "../access-schemas.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes, RouteParts } from "../parts.ts";
import { refusals } from "./refusals.ts";
import { surroundingsOf } from "./session.ts";

const head = (operationId: string, summary: string) => ({ operationId, tags: ["account"], summary });
const nothing = Type.Null();

/** The person who asks. A key or the owner's key has no password to change. */
export async function selfOf(
  request: FastifyRequest,
  { control }: Pick<RouteParts, "control">,
): Promise<Person> {
  const { kind, id } = actorOf(request);
  const person = kind === "person" ? await control.person(id) : undefined;
  if (!person) throw new Fault("NOT_FOUND", "Only somebody who has signed in as a person has an account.");
  return person;
}

export function sessionAnswer(
  session: Session,
  person: string,
  currentId: string | undefined,
): SessionAnswer {
  const { id, madeMs, seenMs, expiresMs, by, address, browser } = session;
  return {
    id,
    person,
    current: id === currentId,
    madeTime: formatTime(madeMs * 1000),
    seenTime: formatTime(seenMs * 1000),
    expiresTime: formatTime(expiresMs * 1000),
    by,
    address,
    browser,
  };
}

export const addAccountRoutes: AddRoutes = (server, parts) => {
  const { access, control, clock } = parts;

  server.get(
    "/api/v1/me/sessions",
    {
      schema: {
        ...head("listMySessions", "List one's own sessions"),
        response: { 200: sessionListSchema, ...refusals(401, 404, 421) },
      },
    },
    async (asked) => {
      const { id, name } = await selfOf(asked, parts);
      const own = (await control.sessions(clock())).filter(({ personId }) => personId === id);
      return { rows: own.map((session) => sessionAnswer(session, name, asked.actor?.sessionId)) };
    },
  );

  server.delete(
    "/api/v1/me/sessions/:id",
    {
      schema: {
        ...head("endMySession", "End one of one's own sessions"),
        params: Type.Object({ id: Type.String() }),
        response: { 204: nothing, ...refusals(401, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { id } = await selfOf(request, parts);
      const session = await control.session(request.params.id, clock());
      if (session?.personId !== id) throw new Fault("NOT_FOUND", "There is no such session of yours.");
      await control.dropSession(session.id);
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/me/password",
    {
      schema: {
        ...head("changePassword", "Change one's password; ends all other sessions"),
        body: newPasswordSchema,
        response: { 204: nothing, ...refusals(400, 401, 403, 404, 421, 429, 503) },
      },
    },
    async (request, reply) => {
      const person = await selfOf(request, parts);
      const { password, next } = request.body;
      await access.people.changePassword(person, password, next, surroundingsOf(request));
      await control.dropSessionsOf(person.id, request.actor?.sessionId);
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/me/codes",
    {
      schema: {
        ...head("beginCodes", "Begin to set up one-time codes; proves the password first"),
        body: passwordSchema,
        response: { 200: newTotpSchema, ...refusals(400, 401, 403, 404, 421, 429, 503) },
      },
    },
    async (asked) => {
      const person = await selfOf(asked, parts);
      await access.people.prove(person, asked.body.password, surroundingsOf(asked));
      return await access.people.beginTotp(person);
    },
  );

  server.post(
    "/api/v1/me/codes/confirm",
    {
      schema: {
        ...head(
          "confirmCodes",
          "Set up one-time codes with the first of them; answers the recovery codes, this once",
        ),
        body: codeSchema,
        response: { 200: recoveryCodesSchema, ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async (asked) => {
      const person = await selfOf(asked, parts);
      return { codes: [...(await access.people.confirmTotp(person, asked.body.code))] };
    },
  );

  server.post(
    "/api/v1/me/codes/remove",
    {
      schema: {
        ...head("removeCodes", "Sign in without one-time codes again; proves the password first"),
        body: passwordSchema,
        response: { 204: nothing, ...refusals(400, 401, 403, 404, 421, 429, 503) },
      },
    },
    async (request, reply) => {
      const person = await selfOf(request, parts);
      await access.people.prove(person, request.body.password, surroundingsOf(request));
      await access.people.dropTotp(person);
      return await reply.code(204).send(null);
    },
  );
};
