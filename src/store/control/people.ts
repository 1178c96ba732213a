/** The people's part of the control store in SQLite. Each statement is a `.sql` file of `people/`. */
import type { SQLInputValue, StatementSync } from "node:sqlite";
import { Fault } from "../../model/fault.ts";
import type { Invitation, PeopleStore, Person, Session } from "../people.ts";
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

type PeopleTools = Pick<WatchTools, "database" | "readSql" | "answer" | "atOnce">;

export function peopleStore({ database, readSql, answer, atOnce }: PeopleTools): PeopleStore {
  const statements = Object.fromEntries(
    statementNames.map((name) => [name, database.prepare(readSql(`people/${name}`))]),
  ) as Record<(typeof statementNames)[number], StatementSync>;
  const one = <T>(statement: StatementSync, values: Record<string, SQLInputValue>): T | undefined => {
    const row = statement.get(values);
    return row === undefined ? undefined : (JSON.parse(String(row["document"])) as T);
  };
  const all = <T>(statement: StatementSync, values: Record<string, SQLInputValue> = {}): readonly T[] =>
    statement.all(values).map((row) => JSON.parse(String(row["document"])) as T);
  const now = (nowMs: number) => ({ now_ms: Math.floor(nowMs) });

  function put(person: Person): void {
    const name_lower = person.name.toLowerCase();
    const other = one<Person>(statements.personByName, { name_lower });
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
    people: () => answer(() => all<Person>(statements.people)),
    person: (id) => answer(() => one<Person>(statements.person, { id })),
    personByName: (name) =>
      answer(() => one<Person>(statements.personByName, { name_lower: name.toLowerCase() })),
    personBySubject: (subject) =>
      answer(() => one<Person>(statements.personBySubject, { provider_subject: subject })),
    addPerson: (person) => answer(() => atOnce(() => put(person))),
    changePerson: (id, change) =>
      answer(() => {
        let kept: Person | undefined;
        atOnce(() => {
          const person = one<Person>(statements.person, { id });
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
    invitation: (id, nowMs) => answer(() => one<Invitation>(statements.invitation, { id, ...now(nowMs) })),
    invitations: (nowMs) => answer(() => all<Invitation>(statements.invitations, now(nowMs))),
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
    session: (id, nowMs) => answer(() => one<Session>(statements.session, { id, ...now(nowMs) })),
    sessions: (nowMs) => answer(() => all<Session>(statements.sessions, now(nowMs))),
    dropSession: (id) => answer(() => statements.dropSession.run({ id }).changes === 1),
    dropSessionsOf: (personId, keptId = "") =>
      answer(() => Number(statements.dropSessionsOf.run({ person_id: personId, kept_id: keptId }).changes)),
    dropExpiredSessions: (nowMs) => answer(() => Number(statements.dropExpired.run(now(nowMs)).changes)),
  };
}
