/** Signing in and out, and links that are good once. What is said here is said to people who are not known yet. */
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import type { Actor } from "../../access/actor.ts";
import type { Journal } from "../../access/journal.ts";
import type { SignedIn } from "../../access/people.ts";
import { isRole, type Role } from "../../access/policy.ts";
import type { Surroundings } from "../../access/sessions.ts";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import type { Person } from "../../store/people.ts";
import {
  acceptSchema,
  invitationSchema,
  type Me,
  meSchema,
  signInSchema,
  tokenSchema,
} from "../access-schemas.ts";
import { cookieIn, setCookie } from "../cookies.ts";
import type { AddRoutes, RouteParts } from "../parts.ts";
import { refusals } from "./refusals.ts";

const yearSeconds = 31_536_000;

export function surroundingsOf(request: FastifyRequest): Surroundings {
  return { address: request.ip, browser: request.headers["user-agent"] ?? "" };
}

/** Gives the browser its session, and the mark that it is known. */
export async function keepSession(
  reply: FastifyReply,
  { access }: Pick<RouteParts, "access">,
  { person, secret }: SignedIn,
): Promise<void> {
  setCookie(reply, access.secure, { name: "session", value: secret });
  const mark = await access.people.knownMark(person.id);
  setCookie(reply, access.secure, { name: "known", value: mark, secondsMax: yearSeconds });
}

export const addSessionRoutes: AddRoutes = (server, parts) => {
  const { access, control, journal } = parts;

  /** What was typed as a name may be a password: only names of people are written down. */
  async function noteFailure(name: string, from: Surroundings, caught: unknown): Promise<void> {
    if (!(caught instanceof Fault)) return;
    if (caught.code !== "SIGN_IN_REFUSED" && caught.code !== "SLOW_DOWN") return;
    const kind =
      caught.code === "SLOW_DOWN" ? "access.authn_login_fail_max" : ("access.authn_login_fail" as const);
    const actor = (await control.personByName(name))?.name ?? "unknown";
    // The answer is a refusal in any case.
    await noteSignIn(journal, actor, from, kind).catch(() => undefined);
  }

  server.get(
    "/api/v1/me",
    {
      schema: {
        operationId: "readMe",
        tags: ["session"],
        summary: "Say who asks, and what that one may",
        response: { 200: meSchema, ...refusals(421) },
      },
    },
    async (asked) => {
      const actor = await access.whoAsks({
        address: asked.ip,
        authorization: asked.headers.authorization,
        session: cookieIn(asked.headers.cookie, "session", access.secure),
      });
      const person = actor?.kind === "person" ? await control.person(actor.id) : undefined;
      return {
        access: access.mode,
        first: access.mode === "people" && (await access.people.isEmpty()),
        ...(access.provider && { provider: access.provider.name }),
        ...(actor && { me: aboutActor(actor, person) }),
      };
    },
  );

  server.post(
    "/api/v1/sign-in",
    {
      schema: {
        operationId: "signIn",
        tags: ["session"],
        summary: "Sign in with name and password, and a code where one is set up",
        body: signInSchema,
        response: { 204: Type.Null(), ...refusals(400, 401, 403, 421, 429, 503) },
      },
    },
    async (request, reply) => {
      const { name, password, code } = request.body;
      const knownMark = cookieIn(request.headers.cookie, "known", access.secure);
      const from = surroundingsOf(request);
      try {
        const signedIn = await access.people.signIn({ name, password, code, knownMark }, from);
        await noteSignIn(journal, signedIn.person.name, from, "access.authn_login_success");
        await keepSession(reply, parts, signedIn);
      } catch (error) {
        await noteFailure(name, from, error);
        throw error;
      }
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/sign-out",
    {
      schema: {
        operationId: "signOut",
        tags: ["session"],
        summary: "End this session",
        response: { 204: Type.Null(), ...refusals(401, 403, 421) },
      },
    },
    async (request, reply) => {
      const { sessionId } = request.actor ?? {};
      if (sessionId !== undefined) await control.dropSession(sessionId);
      setCookie(reply, access.secure, { name: "session", value: "" });
      return await reply.code(204).send(null);
    },
  );

  server.post(
    "/api/v1/invitations/read",
    {
      schema: {
        operationId: "readInvitation",
        tags: ["session"],
        summary: "Say what a link is good for",
        body: tokenSchema,
        response: { 200: invitationSchema, ...refusals(400, 403, 404, 421) },
      },
    },
    async ({ body }) => {
      const invitation = await access.people.invitation(body.token);
      if (!invitation || invitation.kind === "agent" || !isRole(invitation.role)) {
        throw new Fault("NOT_FOUND", "This link was used before, is too old, or was not copied whole.");
      }
      const { kind, name, role, expiresMs } = invitation;
      return { kind, role, expiresTime: formatTime(expiresMs * 1000), ...(name !== undefined && { name }) };
    },
  );

  server.post(
    "/api/v1/invitations/accept",
    {
      schema: {
        operationId: "acceptInvitation",
        tags: ["session"],
        summary: "Become a person of this server, or set a password anew; signs in",
        body: acceptSchema,
        response: { 204: Type.Null(), ...refusals(400, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { token, name, password } = request.body;
      const from = surroundingsOf(request);
      await journal.check();
      const signedIn = await access.people.accept(token, { name, password }, from);
      await noteSignIn(journal, signedIn.person.name, from, "access.authn_login_success");
      await keepSession(reply, parts, signedIn);
      return await reply.code(204).send(null);
    },
  );
};

type SignInKind = "access.authn_login_success" | "access.authn_login_fail" | "access.authn_login_fail_max";

/** Recorded before the session is given: nobody is let in unseen. */
export async function noteSignIn(
  journal: Journal,
  actor: string,
  { address, browser }: Surroundings,
  kind: SignInKind,
): Promise<void> {
  const success = kind === "access.authn_login_success";
  const sentence = success ? "signed in" : "did not sign in";
  await journal.record({
    kind,
    actor,
    outcome: success ? "success" : "failure",
    message: `${actor} ${sentence}`,
    attributes: { address, browser: browser.slice(0, 200) },
  });
}

function aboutActor(actor: Actor, person: Person | undefined): NonNullable<Me["me"]> {
  const { kind, name, rights, streams, fields, services, environments, by } = actor;
  return {
    kind,
    name,
    by,
    rights: [...rights],
    streams: [...streams],
    fields: [...fields],
    ...(services && { services: [...services] }),
    ...(environments && { environments: [...environments] }),
    ...(person && {
      role: person.role as Role,
      hasPassword: person.passwordHash !== undefined,
      hasCodes: person.totp?.confirmedMs !== undefined,
      recoveryCodes: person.recoveryHashes?.length ?? 0,
      passkeys: (person.passkeys ?? []).map(({ id, name: called, createdMs, lastUsedMs }) => ({
        id,
        name: called,
        createdTime: formatTime(createdMs * 1000),
        ...(lastUsedMs !== undefined && { lastUsedTime: formatTime(lastUsedMs * 1000) }),
      })),
    }),
  };
}
