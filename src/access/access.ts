/** Finds out who asks, by what the request carries. */
import { Fault } from "../model/fault.ts";
import { type Actor, actorOfKey, actorOfPerson, anyoneAtAll, mayAsk, ownerOf } from "./actor.ts";
import { type MintedKey, parseKey, secretMatches } from "./key.ts";
import { bearerIn, type Keyring } from "./keyring.ts";
import type { Passkeys } from "./passkeys.ts";
import type { People } from "./people.ts";
import type { Need } from "./policy.ts";
import type { Provider } from "./provider.ts";

export const accessModes = ["people", "open"] as const;
/** `open`: whoever reaches the server is an administrator. For demonstrations and one's own machine. */
export type AccessMode = (typeof accessModes)[number];

export type Credentials = {
  readonly authorization?: string | undefined;
  /** Where the request comes from. */
  readonly address: string;
  /** What the cookie of a session holds. */
  readonly session?: string | undefined;
};

export type Access = {
  readonly mode: AccessMode;
  readonly people: People;
  readonly passkeys: Passkeys;
  /** Absent: nobody signs in elsewhere. */
  readonly provider?: Provider;
  /** Whether requests come over TLS, which cookies are named by. */
  readonly secure: boolean;
  /** `undefined` where nothing was shown. Rejects with `KEY_INVALID` where a key was, and is not good. */
  readonly whoAsks: (credentials: Credentials) => Promise<Actor | undefined>;
};

export type AccessParts = {
  readonly mode: AccessMode;
  readonly keyring: Keyring;
  readonly people: People;
  readonly passkeys: Passkeys;
  /** What the owner of the data directory can read, and nobody else. */
  readonly ownerKey: Pick<MintedKey, "id" | "secretSha256">;
  readonly hostname: string;
  readonly secure: boolean;
  readonly provider?: Provider | undefined;
};

export function makeAccess({
  mode,
  keyring,
  people,
  passkeys,
  ownerKey,
  hostname,
  secure,
  provider,
}: AccessParts): Access {
  const owner = ownerOf(hostname);

  async function whoHolds(authorization: string, address: string): Promise<Actor> {
    const parsed = parseKey(bearerIn(authorization) ?? "");
    if (parsed?.id === ownerKey.id && secretMatches(parsed.secret, ownerKey.secretSha256)) return owner;
    return actorOfKey(await keyring.check(authorization, undefined, address));
  }

  return {
    mode,
    people,
    passkeys,
    ...(provider && { provider }),
    secure,
    whoAsks: async ({ authorization, session, address }) => {
      if (mode === "open") return anyoneAtAll;
      if (authorization !== undefined) return await whoHolds(authorization, address);
      if (session === undefined) return undefined;
      const found = await people.sessions.find(session);
      return found && actorOfPerson(found.person, found.session);
    },
  };
}

/** Throws `SIGN_IN_NEEDED` or `RIGHT_MISSING`, which say nothing about the thing that was asked for. */
export function refuseUnlessAllowed(actor: Actor | undefined, need: Need): void {
  if (mayAsk(actor, need)) return;
  if (actor === undefined) {
    throw new Fault("SIGN_IN_NEEDED", "Sign in first, or send a key as `Authorization: Bearer KEY`.");
  }
  throw new Fault("RIGHT_MISSING", `${actor.name} does not have the right \`${need}\` that this needs.`);
}
