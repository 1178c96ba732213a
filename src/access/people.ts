/**
 * People: how they come in by invitation, sign in, and change what they sign in with. Whatever is
 * not true is answered in the same words and after the same time, whether the person exists or not.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Invitation, Person } from "../store/people.ts";
import type { ControlStore } from "../store/store.ts";
import { makePasswords, type Passwords, passwordComplaint } from "./password.ts";
import type { Role } from "./policy.ts";
import { type NewTotp, newRecoveryCodes, newTotp, withCodeUsed } from "./second-factor.ts";
import { makeSessions, type Sessions, type Surroundings } from "./sessions.ts";
import { makeSlowDown, type SlowDown } from "./slow-down.ts";
import { hasHash, newId, newSecret, type RandomBytes, sha256 } from "./token.ts";

const invitationMs = {
  first: 24 * 3_600_000,
  person: 7 * 86_400_000,
  reset: 24 * 3_600_000,
  agent: 3_600_000,
};

export type SignIn = {
  readonly name: string;
  readonly password: string;
  /** Of a clock, or a recovery code; asked for where the person has set one up. */
  readonly code?: string | undefined;
  /** What an earlier session left in this browser. */
  readonly knownMark?: string | undefined;
};

export type SignedIn = { readonly person: Person; readonly secret: string };

export type Invited = {
  readonly kind: Invitation["kind"];
  readonly name?: string | undefined;
  readonly role: Role;
  readonly services?: readonly string[] | undefined;
  readonly environments?: readonly string[] | undefined;
  readonly personId?: string;
  readonly madeBy: string;
};

export type People = {
  readonly sessions: Sessions;
  /** No administrator can sign in yet. */
  readonly isEmpty: () => Promise<boolean>;
  /** Answers the token that the link carries behind `#`. */
  readonly invite: (invited: Invited) => Promise<string>;
  /** `undefined`: not ours, used, or over. */
  readonly invitation: (token: string) => Promise<Invitation | undefined>;
  readonly accept: (
    token: string,
    wanted: { readonly name?: string | undefined; readonly password: string },
    from: Surroundings,
  ) => Promise<SignedIn>;
  /** Rejects with `SIGN_IN_REFUSED`, `CODE_NEEDED` or `SLOW_DOWN`. */
  readonly signIn: (wanted: SignIn, from: Surroundings) => Promise<SignedIn>;
  /** Of somebody who has proven otherwise who it is. */
  readonly begin: (person: Person, by: string, from: Surroundings) => Promise<SignedIn>;
  readonly knownMark: (personId: string) => Promise<string>;
  readonly changePassword: (
    person: Person,
    password: string,
    next: string,
    from: Surroundings,
  ) => Promise<void>;
  /** Rejects with `SIGN_IN_REFUSED` where this is not the person's password. */
  readonly prove: (person: Person, password: string, from: Surroundings) => Promise<void>;
  readonly beginTotp: (person: Person) => Promise<NewTotp>;
  /** Answers the recovery codes, this once. */
  readonly confirmTotp: (person: Person, code: string) => Promise<readonly string[]>;
  readonly dropTotp: (person: Person) => Promise<void>;
};

export type PeopleParts = {
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
};

type Tools = PeopleParts & {
  readonly passwords: Passwords;
  readonly slowDown: SlowDown;
  readonly sessions: Sessions;
};

export function makePeople(parts: PeopleParts): People {
  const { control, clock, randomBytes } = parts;
  const tools: Tools = {
    ...parts,
    passwords: makePasswords(randomBytes),
    slowDown: makeSlowDown(clock),
    sessions: makeSessions(control, clock, randomBytes),
  };
  const begin: People["begin"] = async (person, by, from) => ({
    person,
    ...(await tools.sessions.begin(person, by, from)),
  });

  return {
    sessions: tools.sessions,
    begin,
    isEmpty: async () =>
      !(await control.people()).some(
        ({ role, disabledMs }) => role === "administrator" && disabledMs === undefined,
      ),
    invite: (invited) => invite(tools, invited),
    invitation: (token) => invitationOf(tools, token),
    accept: async (token, wanted, from) =>
      await begin(await accept(tools, token, wanted), "invitation", from),
    signIn: (wanted, from) => signIn(tools, wanted, from, begin),
    knownMark: (personId) => knownMark(tools, personId),
    prove: (person, password, from) => prove(tools, person, password, from),
    changePassword: async (person, password, next, from) => {
      await prove(tools, person, password, from);
      refuseWeak(next, person.name);
      const passwordHash = await tools.passwords.hash(next);
      await control.changePerson(person.id, (one) => ({ ...one, passwordHash }));
    },
    beginTotp: async ({ id, name }) => {
      const made = newTotp(name, randomBytes);
      await control.changePerson(id, (one) => {
        if (one.totp?.confirmedMs !== undefined) throw new Fault("BAD_REQUEST", "Codes are set up already.");
        return { ...one, totp: { secret: made.secret } };
      });
      return made;
    },
    confirmTotp: async ({ id }, code) => {
      const { codes, hashes } = newRecoveryCodes(randomBytes);
      await control.changePerson(id, (one) => {
        const used = one.totp?.confirmedMs === undefined ? withCodeUsed(one, code, clock()) : undefined;
        if (!used?.totp)
          throw new Fault("BAD_REQUEST", "This code is not right; is the clock of the telephone?");
        return { ...used, totp: { ...used.totp, confirmedMs: Math.floor(clock()) }, recoveryHashes: hashes };
      });
      return codes;
    },
    dropTotp: async ({ id }) => {
      await control.changePerson(id, ({ totp: _totp, recoveryHashes: _hashes, ...rest }) => rest);
    },
  };
}

async function invite({ control, clock, randomBytes }: Tools, invited: Invited): Promise<string> {
  const madeMs = Math.floor(clock());
  const secret = newSecret(randomBytes);
  const id = newId(randomBytes);
  const { kind, name, role, services, environments, personId, madeBy } = invited;
  await control.addInvitation({
    id,
    secretSha256: sha256(secret),
    kind,
    role,
    madeBy,
    madeMs,
    expiresMs: madeMs + invitationMs[kind],
    ...(name !== undefined && { name }),
    ...(services && { services }),
    ...(environments && { environments }),
    ...(personId !== undefined && { personId }),
  });
  return `${id}.${secret}`;
}

async function invitationOf({ control, clock }: Tools, token: string): Promise<Invitation | undefined> {
  const [id = "", secret = "", ...more] = token.slice(0, 200).split(".");
  const found = more.length === 0 ? await control.invitation(id, Math.floor(clock())) : undefined;
  return found && hasHash(secret, found.secretSha256) ? found : undefined;
}

/** Makes the person, or sets its password anew. The invitation is used up only when all is well. */
async function accept(
  tools: Tools,
  token: string,
  { name: wantedName, password }: { readonly name?: string | undefined; readonly password: string },
): Promise<Person> {
  const { control, clock, randomBytes, passwords } = tools;
  const invitation = await invitationOf(tools, token);
  if (!invitation || invitation.kind === "agent")
    throw new Fault("NOT_FOUND", "This link was used before, is too old, or was not copied whole.");
  const reset = invitation.personId === undefined ? undefined : await control.person(invitation.personId);
  const name = reset?.name ?? personName(invitation.name ?? wantedName ?? "");
  if (!reset && (await control.personByName(name))) {
    throw new Fault("BAD_REQUEST", "Somebody of this name is there already.");
  }
  refuseWeak(password, name);
  const passwordHash = await passwords.hash(password);
  const nowMs = Math.floor(clock());
  if (!(await control.useInvitation(invitation.id, nowMs))) {
    throw new Fault("NOT_FOUND", "This link was used before, is too old, or was not copied whole.");
  }
  if (reset) {
    await control.dropSessionsOf(reset.id);
    const person = await control.changePerson(reset.id, (one) => ({ ...one, passwordHash }));
    return person ?? reset;
  }
  const { role, services, environments } = invitation;
  const person: Person = {
    id: newId(randomBytes),
    name,
    role,
    ...(services && { services }),
    ...(environments && { environments }),
    passwordHash,
    createdMs: nowMs,
  };
  await control.addPerson(person);
  return person;
}

/** Throws `BAD_REQUEST`. What is no name could not be told apart in a timeline. */
export function personName(text: string): string {
  const name = text.normalize("NFKC").trim();
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._@'+-]{0,63}$/u.test(name)) return name;
  throw new Fault(
    "BAD_REQUEST",
    "A name has 1 to 64 letters, digits, blanks or . _ @ ' + - and begins with a letter or digit.",
  );
}

function refuseWeak(password: string, name: string): void {
  const complaint = passwordComplaint(password, name);
  if (complaint !== undefined) throw new Fault("BAD_REQUEST", complaint);
}

const refused = (): Fault => new Fault("SIGN_IN_REFUSED", "Name, password or code are not right.");

async function signIn(
  tools: Tools,
  { name, password, code, knownMark: mark }: SignIn,
  from: Surroundings,
  begin: People["begin"],
): Promise<SignedIn> {
  const { control, clock, passwords, slowDown } = tools;
  const person = await control.personByName(name.normalize("NFKC").trim());
  const known = person !== undefined && mark !== undefined && (await isKnown(tools, person.id, mark));
  const guesser = { account: person?.name ?? name.slice(0, 100), address: from.address, known };
  slowDown.check(guesser);
  const matches = await passwords.matches(password, person?.passwordHash);
  if (!person || !matches || person.disabledMs !== undefined) {
    slowDown.failed(guesser);
    throw refused();
  }
  if (person.totp?.confirmedMs !== undefined) {
    if (code === undefined) throw new Fault("CODE_NEEDED", "A code is needed too.");
    let good = false;
    await control.changePerson(person.id, (one) => {
      const used = withCodeUsed(one, code, clock());
      good = used !== undefined;
      return used;
    });
    if (!good) {
      slowDown.failed(guesser);
      throw refused();
    }
  }
  slowDown.succeeded(guesser);
  return await begin(person, person.totp?.confirmedMs === undefined ? "password" : "password and code", from);
}

async function prove(tools: Tools, person: Person, password: string, from: Surroundings): Promise<void> {
  const guesser = { account: person.name, address: from.address, known: true };
  tools.slowDown.check(guesser);
  if (await tools.passwords.matches(password, person.passwordHash)) return;
  tools.slowDown.failed(guesser);
  throw new Fault("SIGN_IN_REFUSED", "This is not your password.");
}

/** Says that this person has signed in from this browser before; it opens nothing. */
async function knownMark({ control, randomBytes }: Tools, personId: string): Promise<string> {
  let key = await control.setting("known_browsers_key");
  if (key === undefined) {
    key = newSecret(randomBytes);
    await control.setSetting("known_browsers_key", key);
  }
  return createHmac("sha256", key).update(personId).digest("base64url");
}

async function isKnown(tools: Tools, personId: string, mark: string): Promise<boolean> {
  const expected = Buffer.from(await knownMark(tools, personId));
  const given = Buffer.from(mark);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
