/** The people's part of the control store in SQLite. Each statement is a `.sql` file of `people/`. */
import type { SQLInputValue } from "node:sqlite";
import { Fault } from "../../model/fault.ts";
import type { Invitation, PeopleStore, Person, Session } from "../people.ts";
import type { Statement } from "./encrypted.ts";
import type { WatchTools } from "./watch.ts";

const statementNames = [
  "people",
  "person",
  "personByName",
  "personBySubject",
  "putPerson",
  "dropPerson",
  "addInvitation",
  "invitation",
  "invitations",
  "useInvitation",
  "putSession",
  "session",
  "sessions",
  "dropSession",
  "dropSessionsOf",
  "dropExpired",
] as const;

const byName = (a: Person, b: Person): number => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1);

type PeopleTools = Pick<WatchTools, "database" | "readSql" | "answer" | "atOnce">;

export function peopleStore({ database, readSql, answer, atOnce }: PeopleTools): PeopleStore {
  const statements = Object.fromEntries(
    statementNames.map((name) => [name, database.prepare(readSql(`people/${name}`))]),
  ) as Record<(typeof statementNames)[number], Statement>;
  const one = (statement: Statement, values: Record<string, SQLInputValue>): unknown => {
    const row = statement.get(values);
    return row === undefined ? undefined : JSON.parse(row["document"] as string);
  };
  const all = (statement: Statement, values: Record<string, SQLInputValue> = {}): readonly unknown[] =>
    statement.all(values).map((row) => JSON.parse(row["document"] as string) as unknown);
  const now = (nowMs: number) => ({ now_ms: Math.floor(nowMs) });

  function put(person: Person): void {
    const name_lower = person.name.toLowerCase();
    const other = one(statements.personByName, { name_lower }) as Person | undefined;
    if (other && other.id !== person.id) {
      throw new Fault("BAD_REQUEST", "Somebody of this name is there already.");
    }
    statements.putPerson.run({
      id: person.id,
      name_lower,
      provider_subject: person.providerSubject ?? null,
      document: JSON.stringify(person),
    });
  }

  return {
    // In this order here, because the database cannot sort names that are encrypted in it.
    people: () => answer(() => (all(statements.people) as readonly Person[]).toSorted(byName)),
    person: (id) => answer(() => one(statements.person, { id }) as Person | undefined),
    personByName: (name) =>
      answer(() => one(statements.personByName, { name_lower: name.toLowerCase() }) as Person | undefined),
    personBySubject: (subject) =>
      answer(() => one(statements.personBySubject, { provider_subject: subject }) as Person | undefined),
    addPerson: (person) => answer(() => atOnce(() => put(person))),
    changePerson: (id, change) =>
      answer(() => {
        let kept: Person | undefined;
        atOnce(() => {
          const person = one(statements.person, { id }) as Person | undefined;
          const changed = person && change(person);
          if (changed) put(changed);
          kept = changed ?? person;
        });
        return kept;
      }),
    removePerson: (id) => answer(() => void statements.dropPerson.run({ id })),

    addInvitation: (invitation) =>
      answer(
        () =>
          void statements.addInvitation.run({
            id: invitation.id,
            expires_ms: Math.floor(invitation.expiresMs),
            document: JSON.stringify(invitation),
          }),
      ),
    invitation: (id, nowMs) =>
      answer(() => one(statements.invitation, { id, ...now(nowMs) }) as Invitation | undefined),
    invitations: (nowMs) => answer(() => all(statements.invitations, now(nowMs)) as readonly Invitation[]),
    useInvitation: (id, nowMs) =>
      answer(() => statements.useInvitation.run({ id, ...now(nowMs) }).changes === 1),

    putSession: (session) =>
      answer(
        () =>
          void statements.putSession.run({
            id: session.id,
            person_id: session.personId,
            made_ms: Math.floor(session.madeMs),
            seen_ms: Math.floor(session.seenMs),
            expires_ms: Math.floor(session.expiresMs),
            document: JSON.stringify(session),
          }),
      ),
    session: (id, nowMs) =>
      answer(() => one(statements.session, { id, ...now(nowMs) }) as Session | undefined),
    sessions: (nowMs) => answer(() => all(statements.sessions, now(nowMs)) as readonly Session[]),
    dropSession: (id) => answer(() => statements.dropSession.run({ id }).changes === 1),
    dropSessionsOf: (personId, keptId = "") =>
      answer(() => Number(statements.dropSessionsOf.run({ person_id: personId, kept_id: keptId }).changes)),
    dropExpiredSessions: (nowMs) => answer(() => Number(statements.dropExpired.run(now(nowMs)).changes)),
  };
}
