/** Secrets that are handed out once and come back: links of invitations and cookies of sessions. */
import { createHash, timingSafeEqual } from "node:crypto";

export type RandomBytes = (count: number) => Uint8Array;

export function newSecret(randomBytes: RandomBytes): string {
  return wordOf(randomBytes(32));
}

export function newId(randomBytes: RandomBytes): string {
  return wordOf(randomBytes(9));
}

/** A person gives it to a command, which takes what begins with a dash for an option. */
function wordOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url").replace(/^-/, "A");
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
