/** One-time codes by clock (RFC 6238) and the recovery codes beside them; each is good once. */
import { createHash } from "node:crypto";
import { Secret, TOTP } from "otpauth";
import type { Person } from "../store/people.ts";

const periodSeconds = 30;
/** Steps by which the clock of a telephone may be off. */
const window = 1;
const recoveryCount = 10;
const letters = "abcdefghjkmnpqrstuvwxyz23456789";

const totpOf = (secret: string, name: string): TOTP =>
  new TOTP({ issuer: "Midwatch", label: name, secret: Secret.fromBase32(secret), period: periodSeconds });

export type NewTotp = { readonly secret: string; readonly address: string };

export function newTotp(name: string, randomBytes: (count: number) => Uint8Array): NewTotp {
  const bytes = Uint8Array.from(randomBytes(20));
  const secret = new Secret({ buffer: bytes.buffer }).base32;
  return { secret, address: totpOf(secret, name).toString() };
}

/** The step of time that the code belongs to; `undefined` where it is not good now. */
function stepOf(secret: string, code: string, nowMs: number): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const delta = totpOf(secret, "").validate({ token: code, timestamp: nowMs, window });
  return delta === null ? undefined : Math.floor(nowMs / 1000 / periodSeconds) + delta;
}

/** The person after this code was used, or `undefined` where it is not good or was used before. */
export function withCodeUsed(person: Person, code: string, nowMs: number): Person | undefined {
  const { totp } = person;
  if (totp === undefined) return undefined;
  const step = stepOf(totp.secret, code, nowMs);
  if (step !== undefined) {
    return step > (totp.lastStep ?? -1) ? { ...person, totp: { ...totp, lastStep: step } } : undefined;
  }
  const hash = hashOfCode(code);
  const left = person.recoveryHashes ?? [];
  return left.includes(hash) ? { ...person, recoveryHashes: left.filter((one) => one !== hash) } : undefined;
}

export type RecoveryCodes = { readonly codes: readonly string[]; readonly hashes: readonly string[] };

/** Each has 49 random bits, and is tried only by somebody who knows the password. */
export function newRecoveryCodes(randomBytes: (count: number) => Uint8Array): RecoveryCodes {
  const codes = Array.from({ length: recoveryCount }, () => {
    const text = [...randomBytes(10)].map((byte) => letters[byte % letters.length]).join("");
    return `${text.slice(0, 5)}-${text.slice(5)}`;
  });
  return { codes, hashes: codes.map(hashOfCode) };
}

function hashOfCode(code: string): string {
  const plain = code.toLowerCase().replace(/[\s-]/g, "");
  return createHash("sha256").update(plain).digest("hex");
}
