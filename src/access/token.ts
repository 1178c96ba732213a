/** Secrets that are handed out once and come back: links of invitations and cookies of sessions. */
import { createHash, timingSafeEqual } from "node:crypto";

export type RandomBytes = (count: number) => Uint8Array;

export function newSecret(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(32)).toString("base64url");
}

export function newId(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(9)).toString("base64url");
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Takes as long for a near miss as for a far one. */
export function hasHash(secret: string, expected: string): boolean {
  const given = Buffer.from(sha256(secret));
  const kept = Buffer.from(expected);
  return given.length === kept.length && timingSafeEqual(given, kept);
}
