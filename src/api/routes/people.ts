/** The people of this server: who is here, what they may, and links for those who are to come. */
import { Type } from "typebox";
import { personName } from "../../access/people.ts";
import type { Role } from "../../access/policy.ts";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import type { Invitation, Person } from "../../store/people.ts";
import {
  type ChangePerson,
  changePersonSchema,
  inviteSchema,
  linkSchema,
  type PersonAnswer,
  peopleSchema,
  personSchema,
  sessionListSchema,
} from "../access-schemas.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { sessionAnswer } from "./account.ts";
import { refusals } from "./refusals.ts";

const head = (operationId: string, summary: string) => ({ operationId, tags: ["people"], summary });
const idParameter = Type.Object({ id: Type.String({ description: "the person's id" }) });
const linkTo = (token: string): string => `/join#${token}`;

export const addPeopleRoutes: AddRoutes = (server, { access, control, clock }) => {
  const find = async (id: string): Promise<Person> => {
    const person = await control.person(id);
    if (!person) throw new Fault("NOT_FOUND", "There is no person with this id.");
    return person;
  };

  server.get(
    "/api/v1/people",
    {
      schema: {
        ...head("listPeople", "List people, and invitations that nobody has used yet"),
        response: { 200: peopleSchema, ...refusals(401, 403, 421) },
      },
    },
    async () => ({
      rows: (await control.people()).map(personAnswer),
      invitations: (await control.invitations(clock())).map(invitationAnswer),
    }),
  );

  server.post(
    "/api/v1/people",
    {
      schema: {
        ...head("invitePerson", "Invite a person; the answer shows the link this once"),
        body: inviteSchema,
        response: { 201: linkSchema, ...refusals(400, 401, 403, 421) },
      },
    },
    async (request, reply) => {
      const { role, services, environments } = request.body;
      const name = personName(request.body.name);
      if (await control.personByName(name)) {
        throw new Fault("BAD_REQUEST", "Somebody of this name is there already.");
      }
      const madeBy = actorOf(request).name;
      const token = await access.people.invite({
        kind: "person",
        name,
        role,
        services,
        environments,
        madeBy,
      });
      return await reply.code(201).send({ path: linkTo(token) });
    },
  );

  server.post(
    "/api/v1/people/:id/reset",
    {
      schema: {
        ...head("resetPerson", "Make a link with which a person sets a password anew"),
        params: idParameter,
        response: { 201: linkSchema, ...refusals(401, 403, 404, 421) },
      },
    },
    async (request, reply) => {
      const { id, name, role } = await find(request.params.id);
      const madeBy = actorOf(request).name;
      const invited = { kind: "reset", name, role: role as Role, personId: id, madeBy } as const;
      return await reply.code(201).send({ path: linkTo(await access.people.invite(invited)) });
    },
  );

  server.put(
    "/api/v1/people/:id",
    {
      schema: {
        ...head("changePerson", "Change what a person may, or shut it out"),
        params: idParameter,
        body: changePersonSchema,
        response: { 200: personSchema, ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async (asked) => {
      const { id } = await find(asked.params.id);
      await refuseLastAdministrator(id, asked.body);
      const changed = await control.changePerson(id, (one) => changedPerson(one, asked.body, clock()));
      if (asked.body.disabled) await control.dropSessionsOf(id);
      return personAnswer(changed ?? (await find(id)));
    },
  );

  server.delete(
    "/api/v1/people/:id",
    {
      schema: {
        ...head("removePerson", "Remove a person; what it did stays signed with its name"),
        params: idParameter,
        response: { 204: Type.Null(), ...refusals(400, 401, 403, 404, 421) },
      },
    },
    async ({ params }, reply) => {
      const { id } = await find(params.id);
      await refuseLastAdministrator(id, { disabled: true });
      await control.removePerson(id);
      return await reply.code(204).send(null);
    },
  );

  server.get(
    "/api/v1/sessions",
    {
      schema: {
        ...head("listSessions", "List the sessions of all people"),
        response: { 200: sessionListSchema, ...refusals(401, 403, 421) },
      },
    },
    async (asked) => {
      const names = new Map((await control.people()).map(({ id, name }) => [id, name]));
      const sessions = await control.sessions(clock());
      return {
        rows: sessions.map((session) =>
          sessionAnswer(session, names.get(session.personId) ?? "", asked.actor?.sessionId),
        ),
      };
    },
  );

  server.delete(
    "/api/v1/sessions/:id",
    {
      schema: {
        ...head("endSession", "End a session of anybody"),
        params: Type.Object({ id: Type.String({ description: "the session's id" }) }),
        response: { 204: Type.Null(), ...refusals(401, 403, 404, 421) },
      },
    },
    async ({ params }, reply) => {
      if (!(await control.dropSession(params.id))) throw new Fault("NOT_FOUND", "There is no such session.");
      return await reply.code(204).send(null);
    },
  );

  /** Somebody must stay who can let others in. */
  async function refuseLastAdministrator(id: string, change: ChangePerson): Promise<void> {
    const stays = change.disabled !== true && (change.role === undefined || change.role === "administrator");
    if (stays) return;
    const others = (await control.people()).filter(
      (one) => one.id !== id && one.role === "administrator" && one.disabledMs === undefined,
    );
    const isOne = (await find(id)).role === "administrator";
    if (isOne && others.length === 0) {
      throw new Fault("BAD_REQUEST", "This is the last administrator: make another one first.");
    }
  }
};

function changedPerson(person: Person, change: ChangePerson, nowMs: number): Person {
  const { services, environments, disabledMs, ...rest } = person;
  const nextServices = change.services === undefined ? services : (change.services ?? undefined);
  const nextEnvironments =
    change.environments === undefined ? environments : (change.environments ?? undefined);
  const disabled = change.disabled ?? disabledMs !== undefined;
  return {
    ...rest,
    ...(change.role && { role: change.role }),
    ...(nextServices && { services: nextServices }),
    ...(nextEnvironments && { environments: nextEnvironments }),
    ...(disabled && { disabledMs: disabledMs ?? Math.floor(nowMs) }),
  };
}

function personAnswer(person: Person): PersonAnswer {
  const { id, name, services, environments, createdMs, lastSeenMs, disabledMs } = person;
  return {
    id,
    name,
    role: person.role as Role,
    ...(services && { services: [...services] }),
    ...(environments && { environments: [...environments] }),
    hasCodes: person.totp?.confirmedMs !== undefined,
    passkeys: person.passkeys?.length ?? 0,
    provider: person.providerSubject !== undefined,
    createdTime: formatTime(createdMs * 1000),
    ...(lastSeenMs !== undefined && { lastSeenTime: formatTime(lastSeenMs * 1000) }),
    disabled: disabledMs !== undefined,
  };
}

function invitationAnswer({ id, kind, name, role, madeBy, expiresMs }: Invitation) {
  return {
    id,
    kind,
    role: role as Role,
    madeBy,
    expiresTime: formatTime(expiresMs * 1000),
    ...(name !== undefined && { name }),
  };
}
