/**
 * Passwords: Argon2id (RFC 9106) with the least figures that OWASP's cheat sheet advises, in PHC
 * text. Few are worked out at a time, so that guessing cannot take the memory that events need.
 */
import { argon2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { Fault } from "../model/fault.ts";

const memoryKiB = 19_456;
const passes = 2;
const parallelism = 1;
const tagLength = 32;
const saltBytes = 16;

/** Worked out at once, and waiting. More: `SERVER_BUSY`. */
const atOnceMax = 2;
const waitingMax = 64;

export const passwordLengthMin = 12;
export const passwordLengthMax = 200;

/** Words that lists of stolen passwords begin with; whatever holds one and little else is refused. */
const worn =
  /^(?:(?:password|passwort|letmein|welcome|iloveyou|qwerty|azerty|qwertz|abc|admin|administrator|midwatch|monkey|dragon|master|login|princess|football|baseball|superman|sunshine|shadow|secret|changeme|trustno)|[\d\W_])+$/i;

/** Says what is wrong with a new password; `undefined` where nothing is. */
export function passwordComplaint(password: string, name: string): string | undefined {
  const { length } = password;
  if (length < passwordLengthMin) return `A password has at least ${passwordLengthMin} characters.`;
  if (length > passwordLengthMax) return `A password has at most ${passwordLengthMax} characters.`;
  if (new Set(password).size < 5) return "A password has at least five different characters.";
  const lower = password.toLowerCase();
  if (worn.test(password) || (name.length > 2 && lower.replaceAll(name.toLowerCase(), "").length < 6)) {
    return "This password is among the first that anybody would try.";
  }
  return undefined;
}

const derive = promisify(argon2);
type Salt = Uint8Array;

async function tagOf(password: string, salt: Salt): Promise<Buffer> {
  return await derive("argon2id", {
    message: password.normalize("NFKC"),
    nonce: salt,
    parallelism,
    tagLength,
    memory: memoryKiB,
    passes,
  });
}

export type Passwords = {
  readonly hash: (password: string) => Promise<string>;
  /** Takes as long where there is no hash as where there is one, and is then false. */
  readonly matches: (password: string, hash: string | undefined) => Promise<boolean>;
};

export function makePasswords(randomBytes: (count: number) => Uint8Array): Passwords {
  let atWork = 0;
  const waiting: (() => void)[] = [];
  const nobody = randomBytes(saltBytes);

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (atWork >= atOnceMax) {
      if (waiting.length >= waitingMax) {
        throw new Fault("SERVER_BUSY", "Too many people sign in at once.", { retryAfterSeconds: 5 });
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    atWork += 1;
    try {
      return await work();
    } finally {
      atWork -= 1;
      waiting.shift()?.();
    }
  }

  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes);
      const tag = await inTurn(() => tagOf(password, salt));
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64").replace(/=+$/, "");
      return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${text(salt)}$${text(tag)}`;
    },
    matches: async (password, hash) => {
      const parts = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([\w+/]+)\$([\w+/]+)$/.exec(hash ?? "");
      const salt = parts ? Buffer.from(parts[1] ?? "", "base64") : nobody;
      const kept = Buffer.from(parts?.[2] ?? "", "base64");
      const tag = await inTurn(() => tagOf(password.slice(0, passwordLengthMax * 4), salt));
      return kept.length === tag.length && timingSafeEqual(kept, tag);
    },
  };
}
