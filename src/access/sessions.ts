/**
 * Sessions: what a browser holds after its person has signed in. The cookie is 256 random bits, of
 * which only a hash is kept; a session ends when it was not used for a while, after a week in any
 * case, and at once when it is revoked, the person is disabled, or the password is changed.
 */
import type { Clock } from "../model/time.ts";
import type { PeopleStore, Person, Session } from "../store/people.ts";
import { newSecret, type RandomBytes, sha256 } from "./token.ts";

const idleMsMax = 12 * 3_600_000;
const lengthMsMax = 7 * 86_400_000;
/** Its last use is written down at most this often. */
const seenNotedMs = 60_000;
/** Of one person at once. More: the one that was used longest ago is ended. */
const sessionsMax = 20;
const browserLengthMax = 200;

export type Surroundings = { readonly address: string; readonly browser: string };

export type Sessions = {
  /** Always a new one: what a browser held before is worth nothing. */
  readonly begin: (person: Person, by: string, from: Surroundings) => Promise<{ readonly secret: string }>;
  readonly find: (secret: string) => Promise<{ person: Person; session: Session } | undefined>;
};

export function makeSessions(store: PeopleStore, clock: Clock, randomBytes: RandomBytes): Sessions {
  const expiresMs = (session: Pick<Session, "madeMs">, nowMs: number): number =>
    Math.min(nowMs + idleMsMax, session.madeMs + lengthMsMax);

  async function endOldest(personId: string, nowMs: number): Promise<void> {
    const own = (await store.sessions(nowMs)).filter((session) => session.personId === personId);
    for (const { id } of own.slice(sessionsMax - 1)) await store.dropSession(id);
  }

  return {
    begin: async (person, by, { address, browser }) => {
      const nowMs = Math.floor(clock());
      await store.dropExpiredSessions(nowMs);
      await endOldest(person.id, nowMs);
      const secret = newSecret(randomBytes);
      await store.putSession({
        id: sha256(secret),
        personId: person.id,
        madeMs: nowMs,
        seenMs: nowMs,
        provenMs: nowMs,
        expiresMs: expiresMs({ madeMs: nowMs }, nowMs),
        by,
        address,
        browser: browser.slice(0, browserLengthMax),
      });
      await store.changePerson(person.id, (one) => ({ ...one, lastSeenMs: nowMs }));
      return { secret };
    },
    find: async (secret) => {
      if (secret.length > 100) return undefined;
      const nowMs = Math.floor(clock());
      const session = await store.session(sha256(secret), nowMs);
      if (!session) return undefined;
      const person = await store.person(session.personId);
      if (!person || person.disabledMs !== undefined) return undefined;
      if (session.seenMs + seenNotedMs <= nowMs) {
        await store.putSession({ ...session, seenMs: nowMs, expiresMs: expiresMs(session, nowMs) });
      }
      return { person, session };
    },
  };
}
