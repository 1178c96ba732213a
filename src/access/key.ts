/**
 * The form of an API key: `mwk_<id>_<secret>_<check>`. The prefix lets scanners find a leaked one,
 * the check sum lets a mistyped one be refused without a look-up, and only a hash of the secret is
 * ever kept: it has 256 random bits, so a fast hash is enough.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";

const idLength = 10;
const secretLength = 43; // 256 bits in base 62
const checkLength = 6; // 32 bits in base 62
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const pattern = /^mwk_([0-9A-Za-z]{10})_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})$/;

export type MintedKey = { readonly id: string; readonly key: string; readonly secretSha256: string };

export function mintKey(randomBytes: (count: number) => Uint8Array): MintedKey {
  const id = base62(randomBytes(8), idLength);
  const secret = base62(randomBytes(32), secretLength);
  return { id, key: `mwk_${id}_${secret}_${checkOf(id, secret)}`, secretSha256: hashOf(secret) };
}

export type ParsedKey = { readonly id: string; readonly secret: string };

/** The parts of a well-formed key, or `undefined` where it is none or was mistyped. */
export function parseKey(text: string): ParsedKey | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, id = "", secret = "", check] = match;
  return checkOf(id, secret) === check ? { id, secret } : undefined;
}

/** Takes as long for a near miss as for a far one. */
export function secretMatches(secret: string, secretSha256: string): boolean {
  const given = Buffer.from(hashOf(secret));
  const kept = Buffer.from(secretSha256);
  return given.length === kept.length && timingSafeEqual(given, kept);
}

function hashOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

function checkOf(id: string, secret: string): string {
  const check = new Uint8Array(4);
  new DataView(check.buffer).setUint32(0, crc32(`mwk_${id}_${secret}`));
  return base62(check, checkLength);
}

/** The last `length` digits of the bytes read as one number, in base 62. */
function base62(bytes: Uint8Array, length: number): string {
  let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  let text = "";
  for (let place = 0; place < length; place++) {
    text = digits.charAt(Number(rest % 62n)) + text;
    rest /= 62n;
  }
  return text;
}
