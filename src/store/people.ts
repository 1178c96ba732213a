/** What is kept of people: who they are, what they sign in with, invitations, sessions. */

/** A role is a word of the policy; the store does not know what it may. */
export type Person = {
  readonly id: string;
  /** As they sign in and as everything they do is signed; no two are alike in any case. */
  readonly name: string;
  readonly role: string;
  /** Absent: all. */
  readonly services?: readonly string[];
  readonly environments?: readonly string[];
  /** Argon2id in PHC form. */
  readonly passwordHash?: string;
  readonly totp?: Totp;
  /** SHA-256 of those that are left. */
  readonly recoveryHashes?: readonly string[];
  readonly passkeys?: readonly Passkey[];
  /** Issuer and subject at an OpenID provider. */
  readonly providerSubject?: string;
  readonly createdMs: number;
  readonly lastSeenMs?: number;
  readonly disabledMs?: number;
};

export type Totp = {
  /** In base32. */
  readonly secret: string;
  /** Absent: not proven yet, and not asked for. */
  readonly confirmedMs?: number;
  /** The last step of time whose code was taken: no code is good twice. */
  readonly lastStep?: number;
};

export type Passkey = {
  /** Both in base64url. */
  readonly id: string;
  readonly publicKey: string;
  readonly name: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly createdMs: number;
  readonly lastUsedMs?: number;
};

/** A link that is good once. Its secret is kept as a hash. */
export type Invitation = {
  readonly id: string;
  readonly secretSha256: string;
  /** `first` makes the first administrator, `reset` lets a person set a password anew, `agent` gives a host its key. */
  readonly kind: "first" | "person" | "reset" | "agent";
  readonly name?: string;
  readonly personId?: string;
  readonly role: string;
  readonly services?: readonly string[];
  readonly environments?: readonly string[];
  readonly madeBy: string;
  readonly madeMs: number;
  readonly expiresMs: number;
};

export type Session = {
  /** SHA-256 of what the cookie holds. */
  readonly id: string;
  readonly personId: string;
  readonly madeMs: number;
  readonly seenMs: number;
  readonly expiresMs: number;
  /** When the person last proved who it is, and how. */
  readonly provenMs: number;
  readonly by: string;
  readonly address: string;
  /** What the browser calls itself. */
  readonly browser: string;
};

export type PeopleStore = {
  people(): Promise<readonly Person[]>;
  person(id: string): Promise<Person | undefined>;
  /** In any case of its letters. */
  personByName(name: string): Promise<Person | undefined>;
  personBySubject(providerSubject: string): Promise<Person | undefined>;
  /** Rejects with `BAD_REQUEST` where another has the name. */
  addPerson(person: Person): Promise<void>;
  /** Nobody changes it in between; `undefined` leaves it as it is. Answers what is kept now. */
  changePerson(id: string, change: (person: Person) => Person | undefined): Promise<Person | undefined>;
  removePerson(id: string): Promise<void>;

  addInvitation(invitation: Invitation): Promise<void>;
  /** Only one that is good. */
  invitation(id: string, nowMs: number): Promise<Invitation | undefined>;
  invitations(nowMs: number): Promise<readonly Invitation[]>;
  /** False where it was used before, or is over. */
  useInvitation(id: string, nowMs: number): Promise<boolean>;

  putSession(session: Session): Promise<void>;
  session(id: string, nowMs: number): Promise<Session | undefined>;
  sessions(nowMs: number): Promise<readonly Session[]>;
  dropSession(id: string): Promise<boolean>;
  dropSessionsOf(personId: string, keptId?: string): Promise<number>;
  dropExpiredSessions(nowMs: number): Promise<number>;
};
