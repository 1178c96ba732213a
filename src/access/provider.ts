/**
 * Signing in at an OpenID provider: authorization code with PKCE, state and nonce, each good once and
 * for the browser that began. The person's groups there decide its role here, each time anew.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
} from "openid-client";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { Person } from "../store/people.ts";
import type { ControlStore } from "../store/store.ts";
import { personName } from "./people.ts";
import { type Role, roleNames } from "./policy.ts";
import { newId, newSecret, type RandomBytes } from "./token.ts";

/** Begun and not yet come back. More: those that began first are forgotten. */
const begunMax = 1000;
const begunMsMax = 600_000;
const groupsMax = 1000;

export type ProviderSetup = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly name: string;
  /** The claim that lists groups. */
  readonly groupsClaim: string;
  readonly scope: string;
  /** Group to role; who is in none of them does not come in. */
  readonly roles: ReadonlyMap<string, Role>;
};

export type Provider = {
  readonly name: string;
  /** Where the browser goes, and what its cookie holds meanwhile. */
  readonly begin: (redirect: string) => Promise<{ readonly address: string; readonly state: string }>;
  /** The person who came back. Rejects with `SIGN_IN_REFUSED`. */
  readonly finish: (callback: URL, cookieState: string | undefined) => Promise<Person>;
};

type Begun = {
  readonly nonce: string;
  readonly verifier: string;
  readonly redirect: string;
  readonly atMs: number;
};
export type ProviderParts = {
  readonly setup: ProviderSetup;
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
};

export function makeProvider(parts: ProviderParts): Provider {
  const { setup, clock, randomBytes } = parts;
  const begun = new Map<string, Begun>();
  let configuration: Promise<Configuration> | undefined;

  /** Asked for when it is needed first: the server starts without its provider, and people with passwords come in. */
  async function discovered(): Promise<Configuration> {
    configuration ??= discover(setup);
    try {
      return await configuration;
    } catch (cause) {
      configuration = undefined;
      throw new Fault("SIGN_IN_REFUSED", `${setup.name} cannot be reached now.`, { cause });
    }
  }

  function takeBegun(state: string | null): Begun | undefined {
    if (state === null) return undefined;
    const found = begun.get(state);
    begun.delete(state);
    return found && found.atMs + begunMsMax > clock() ? found : undefined;
  }

  return {
    name: setup.name,
    begin: async (redirect) => {
      const server = await discovered();
      const [state, nonce, verifier] = [
        newSecret(randomBytes),
        newSecret(randomBytes),
        newSecret(randomBytes),
      ];
      begun.set(state, { nonce, verifier, redirect, atMs: clock() });
      const oldest = begun.keys().next();
      if (begun.size > begunMax && !oldest.done) begun.delete(oldest.value);
      const address = buildAuthorizationUrl(server, {
        redirect_uri: redirect,
        scope: setup.scope,
        state,
        nonce,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      });
      return { address: address.href, state };
    },
    finish: async (callback, cookieState) => {
      const state = callback.searchParams.get("state");
      const found = takeBegun(state);
      if (!found || state === null || state !== cookieState) {
        throw new Fault("SIGN_IN_REFUSED", "This sign-in did not begin in this browser, or took too long.");
      }
      const current = new URL(found.redirect);
      current.search = callback.search;
      const claims = await claimsOf(await discovered(), current, found, state);
      return await personOf(parts, claims);
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: ProviderSetup): Promise<Configuration> {
  const url = new URL(issuer);
  const isLocal = url.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return await discovery(
    url,
    clientId,
    clientSecret,
    undefined,
    isLocal ? { execute: [allowInsecureRequests] } : {},
  );
}

type Claims = Readonly<Record<string, unknown>> & { readonly iss: string; readonly sub: string };

async function claimsOf(
  configuration: Configuration,
  current: URL,
  { nonce, verifier }: Begun,
  state: string,
): Promise<Claims> {
  try {
    const tokens = await authorizationCodeGrant(configuration, current, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new Error("no claims came");
    return claims;
  } catch (cause) {
    throw new Fault("SIGN_IN_REFUSED", "What the provider answered is not valid.", { cause });
  }
}

async function personOf(
  { setup, control, clock, randomBytes }: ProviderParts,
  claims: Claims,
): Promise<Person> {
  const role = roleOf(setup, claims);
  const providerSubject = `${claims.iss} ${claims.sub}`;
  const known = await control.personBySubject(providerSubject);
  if (role === undefined) {
    // Who has left the groups does not stay in by what is remembered.
    if (known) await control.dropSessionsOf(known.id);
    throw new Fault("SIGN_IN_REFUSED", "None of your groups may sign in here.");
  }
  if (known?.disabledMs !== undefined) throw new Fault("SIGN_IN_REFUSED", "You were shut out here.");
  if (known) return (await control.changePerson(known.id, (one) => ({ ...one, role }))) ?? known;
  const name = personName(nameIn(claims));
  // A name that is taken belongs to somebody else: who comes from outside does not become that one.
  if (await control.personByName(name)) {
    throw new Fault("SIGN_IN_REFUSED", `Somebody else is called ${name} here; an administrator can help.`);
  }
  const person: Person = {
    id: newId(randomBytes),
    name,
    role,
    providerSubject,
    createdMs: Math.floor(clock()),
  };
  await control.addPerson(person);
  return person;
}

function roleOf({ groupsClaim, roles }: ProviderSetup, claims: Claims): Role | undefined {
  const claimed = claims[groupsClaim];
  const groups = (Array.isArray(claimed) ? claimed : [claimed]).slice(0, groupsMax).map(String);
  const given = new Set(groups.flatMap((group) => roles.get(group) ?? []));
  return roleNames.findLast((role) => given.has(role));
}

function nameIn(claims: Claims): string {
  const given = ["preferred_username", "email", "name"].map((claim) => claims[claim]);
  return (given.find((one) => typeof one === "string" && one !== "") as string | undefined) ?? claims.sub;
}
