/**
 * Answers whether a sender's key is good. What the control store said about a key is remembered
 * for a moment, so that a busy sender costs no look-up; a revocation made here is known at once,
 * one made by another process within `rememberedMsMax`.
 */
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { ApiKey, ControlStore, KeyScope } from "../store/store.ts";
import { mintKey, parseKey, secretMatches } from "./key.ts";
import { isInNetworks, readNetwork } from "./networks.ts";
import { type Right, scopes } from "./policy.ts";

const rememberedMsMax = 2000;
/** Keys remembered, unknown ones included. More: all are forgotten and asked for again. */
const rememberedMax = 10_000;
/** The last use of a key is written down at most this often. */
const useNotedMs = 60_000;

export type Keyring = {
  /** The key behind an `Authorization` header. Rejects with `KEY_INVALID`, which says what is wrong. */
  readonly check: (
    authorization: string | undefined,
    right: Right | undefined,
    address: string,
  ) => Promise<ApiKey>;
  /** The same for the text of a key, in whatever form a protocol carried it. */
  readonly checkKey: (text: string, right: Right | undefined, address: string) => Promise<ApiKey>;
  /** The same for the key that a certificate belongs to, by its id: who shows it has been proven already. */
  readonly checkId: (id: string, right: Right | undefined, address: string) => Promise<ApiKey>;
  /** To be called after a key was revoked or added. */
  readonly forget: (id: string) => void;
};

type Remembered = { readonly key: ApiKey | undefined; readonly untilMs: number };

export function makeKeyring(control: ControlStore, clock: Clock): Keyring {
  const remembered = new Map<string, Remembered>();
  const noted = new Map<string, number>();

  async function lookUp(id: string): Promise<ApiKey | undefined> {
    const known = remembered.get(id);
    if (known && known.untilMs > clock()) return known.key;
    if (remembered.size >= rememberedMax) remembered.clear();
    const key = await control.keyById(id);
    remembered.set(id, { key, untilMs: clock() + rememberedMsMax });
    return key;
  }

  async function noteUse(id: string): Promise<void> {
    const nowMs = clock();
    if ((noted.get(id) ?? 0) + useNotedMs > nowMs) return;
    noted.set(id, nowMs);
    await control.noteKeyUse(id, Math.floor(nowMs));
  }

  async function checkKey(text: string, right: Right | undefined, address: string): Promise<ApiKey> {
    const parsed = parseKey(text);
    if (!parsed) throw new Fault("KEY_INVALID", "This is not a Midwatch key, or it was not copied whole.");
    const key = await lookUp(parsed.id);
    // One sentence for an unknown id and a wrong secret: which ids exist is nobody's business.
    if (!key || !secretMatches(parsed.secret, key.secretSha256)) {
      throw new Fault("KEY_INVALID", "This key is not known here.");
    }
    return await goodKey(key, right, address);
  }

  async function goodKey(key: ApiKey, right: Right | undefined, address: string): Promise<ApiKey> {
    if (key.revokedMs !== undefined) throw new Fault("KEY_INVALID", `The key ${key.name} was revoked.`);
    if (key.expiresMs !== undefined && key.expiresMs <= clock()) {
      throw new Fault("KEY_INVALID", `The key ${key.name} has expired.`);
    }
    if (right !== undefined && !key.scopes.some((scope) => mayWith(scope, right))) {
      throw new Fault("KEY_INVALID", `The key ${key.name} does not have the scope that this needs.`);
    }
    if (key.addresses && !isInNetworks(address, key.addresses)) {
      throw new Fault("KEY_INVALID", `The key ${key.name} may not be used from this address.`);
    }
    await noteUse(key.id);
    return key;
  }

  return {
    checkKey,
    checkId: async (id, right, address) => {
      const key = await lookUp(id);
      if (!key) throw new Fault("KEY_INVALID", "The key of this certificate is not known here.");
      return await goodKey(key, right, address);
    },
    check: async (authorization, right, address) => {
      const given = bearerIn(authorization);
      if (given === undefined) {
        throw new Fault("KEY_INVALID", "The header `Authorization: Bearer KEY` is missing or malformed.");
      }
      return await checkKey(given, right, address);
    },
    forget: (id) => {
      remembered.delete(id);
    },
  };
}

export function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? "")?.[1];
}

function mayWith(scope: KeyScope, right: Right): boolean {
  return (scopes[scope].rights as readonly Right[]).includes(right);
}

type Sources = { readonly clock: Clock; readonly randomBytes: (count: number) => Uint8Array };

export type NewKey = {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly expiresInDays?: number;
  readonly source?: string;
  readonly addresses?: readonly string[];
};
/** `key` is shown once and kept nowhere. */
export type MadeKey = { readonly id: string; readonly key: string };

/** Makes a key and keeps all of it but the secret, which only the answer holds. */
export async function makeKey(control: ControlStore, wanted: NewKey, sources: Sources): Promise<MadeKey> {
  const { id, key, secretSha256 } = mintKey(sources.randomBytes);
  const createdMs = Math.floor(sources.clock());
  await control.addKey({
    id,
    name: wanted.name,
    scopes: [...new Set(wanted.scopes)],
    secretSha256,
    createdMs,
    ...(wanted.expiresInDays !== undefined && { expiresMs: createdMs + wanted.expiresInDays * 86_400_000 }),
    ...(wanted.source !== undefined && { source: wanted.source }),
    ...(wanted.addresses && { addresses: wanted.addresses.map(readNetwork) }),
  });
  return { id, key };
}

/** So long an old key is good beside the one that takes its place. */
export const rotationDays = 7;

/** A second key with the same bounds; the first one ends when hosts have had time to change over. */
export async function rotateKey(
  control: ControlStore,
  id: string,
  days: number,
  sources: Sources,
): Promise<MadeKey | undefined> {
  const nowMs = sources.clock();
  const isGood = (key: ApiKey): boolean =>
    key.revokedMs === undefined && (key.expiresMs === undefined || key.expiresMs > nowMs);
  const key = await control.keyById(id);
  if (!key || !isGood(key)) return undefined;
  const alike = (await control.keys()).filter((one) => one.name === key.name && isGood(one));
  if (alike.length > 1) {
    throw new Fault(
      "BAD_REQUEST",
      `Two keys of the name ${key.name} are good already; revoke the older one first.`,
    );
  }
  const { name, scopes: wanted, source, addresses, expiresMs, createdMs } = key;
  const made = await makeKey(
    control,
    {
      name,
      scopes: wanted,
      ...(source !== undefined && { source }),
      ...(addresses && { addresses }),
      ...(expiresMs !== undefined && { expiresInDays: Math.ceil((expiresMs - createdMs) / 86_400_000) }),
    },
    sources,
  );
  await control.expireKey(id, nowMs + days * 86_400_000);
  return made;
}
