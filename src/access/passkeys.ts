/**
 * Passkeys (WebAuthn level 3): a key on the person's own device that answers a challenge of ours, for
 * this site alone, after the device has made sure who holds it. That is both proofs at once.
 */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Passkey, Person } from "../store/people.ts";
import type { ControlStore } from "../store/store.ts";

/** Challenges that nobody has answered yet. More: the oldest is forgotten. */
const challengesMax = 1000;
const challengeMsMax = 300_000;
const passkeysMax = 10;
/** EdDSA, ECDSA and RSA with SHA-256 (COSE): what devices of today make, and what Node checks without warnings. */
const algorithms = [-8, -7, -257];

/** Where the page was opened, as the browser knows it: `https://midwatch.example.com:4443`. */
export type Site = { readonly origin: string };

export type Passkeys = {
  readonly beginMaking: (person: Person, site: Site) => Promise<PublicKeyCredentialCreationOptionsJSON>;
  readonly finishMaking: (
    person: Person,
    name: string,
    response: RegistrationResponseJSON,
    site: Site,
  ) => Promise<void>;
  readonly begin: (site: Site) => Promise<PublicKeyCredentialRequestOptionsJSON>;
  /** The person whose device answered. Rejects with `SIGN_IN_REFUSED`. */
  readonly finish: (response: AuthenticationResponseJSON, site: Site) => Promise<Person>;
};

type Challenge = { readonly personId: string | undefined; readonly atMs: number };

export function makePasskeys(control: ControlStore, clock: Clock): Passkeys {
  const challenges = new Map<string, Challenge>();

  function remember(challenge: string, personId?: string): void {
    challenges.set(challenge, { personId, atMs: clock() });
    const oldest = challenges.keys().next();
    if (challenges.size > challengesMax && !oldest.done) challenges.delete(oldest.value);
  }

  /** Good once, for a while, and for whom it was made. */
  const take =
    (personId?: string) =>
    (challenge: string): boolean => {
      const found = challenges.get(challenge);
      challenges.delete(challenge);
      return found !== undefined && found.atMs + challengeMsMax > clock() && found.personId === personId;
    };

  return {
    beginMaking: async ({ id, name, passkeys = [] }, site) => {
      if (passkeys.length >= passkeysMax)
        throw new Fault("BAD_REQUEST", `A person has at most ${passkeysMax} passkeys.`);
      const options = await generateRegistrationOptions({
        supportedAlgorithmIDs: algorithms,
        rpName: "Midwatch",
        rpID: domainOf(site),
        userName: name,
        userID: new TextEncoder().encode(id),
        attestationType: "none",
        excludeCredentials: passkeys.map((one) => ({ id: one.id })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
      });
      remember(options.challenge, id);
      return options;
    },

    finishMaking: async ({ id }, name, response, site) => {
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response,
        expectedChallenge: take(id),
        expectedOrigin: site.origin,
        expectedRPID: domainOf(site),
        requireUserVerification: true,
        supportedAlgorithmIDs: algorithms,
      }).catch((cause: unknown) => {
        throw new Fault("BAD_REQUEST", "This answer of the device is not valid.", { cause });
      });
      if (!verified) throw new Fault("BAD_REQUEST", "This answer of the device is not valid.");
      const { credential } = registrationInfo;
      const made: Passkey = {
        id: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString("base64url"),
        name,
        counter: credential.counter,
        transports: credential.transports ?? [],
        createdMs: Math.floor(clock()),
      };
      await control.changePerson(id, (one) => ({ ...one, passkeys: [...(one.passkeys ?? []), made] }));
    },

    begin: async (site) => {
      const options = await generateAuthenticationOptions({
        rpID: domainOf(site),
        userVerification: "required",
      });
      remember(options.challenge);
      return options;
    },

    finish: async (response, site) => {
      const refused = (cause?: unknown): Fault =>
        new Fault("SIGN_IN_REFUSED", "This passkey is not known here, or its answer is not valid.", {
          cause,
        });
      const person = (await control.people()).find(({ passkeys = [] }) =>
        passkeys.some(({ id }) => id === response.id),
      );
      const passkey = person?.passkeys?.find(({ id }) => id === response.id);
      if (!person || !passkey || person.disabledMs !== undefined) throw refused();
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response,
        expectedChallenge: take(),
        expectedOrigin: site.origin,
        expectedRPID: domainOf(site),
        requireUserVerification: true,
        credential: {
          id: passkey.id,
          publicKey: new Uint8Array(Buffer.from(passkey.publicKey, "base64url")),
          counter: passkey.counter,
        },
      }).catch((cause: unknown) => {
        throw refused(cause);
      });
      if (!verified) throw refused();
      const used = { counter: authenticationInfo.newCounter, lastUsedMs: Math.floor(clock()) };
      await control.changePerson(person.id, (one) => ({
        ...one,
        passkeys: (one.passkeys ?? []).map((each) => (each.id === passkey.id ? { ...each, ...used } : each)),
      }));
      return person;
    },
  };
}

function domainOf({ origin }: Site): string {
  return new URL(origin).hostname;
}
