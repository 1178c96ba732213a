/**
 * What a pattern alone cannot tell: check digits, country lengths, whether a token decodes. Each
 * takes the text and what matched, and answers the span that goes, or nothing.
 */
import { crc32 } from "node:zlib";
import { decodeBase64 } from "./decode.ts";
import type { Check, Ruleset } from "./ruleset.ts";

export type Matched = {
  readonly text: string;
  /** Behind the part that stays. */
  readonly start: number;
  readonly end: number;
  /** Of the rule that matched. */
  readonly keywords: readonly string[];
};

type Range = { readonly start: number; readonly end: number; readonly claimEnd?: number };

export type Checks = { readonly [name in Check]: (matched: Matched) => Range | undefined };

export function compileChecks(ruleset: Pick<Ruleset, "ibanLengths" | "emailLocals" | "emailTops">): Checks {
  const locals = new Set(ruleset.emailLocals);
  const tops = new Set(ruleset.emailTops);
  return {
    mixed: (matched) => onlyIf(matched, isMixed(contentOf(matched))),
    opaque: (matched) => onlyIf(matched, isOpaque(contentOf(matched))),
    jwt: tokenRange,
    pem: pemRange,
    userinfo: userinfoRange,
    basic: (matched) => onlyIf(matched, isBasic(contentOf(matched))),
    command: (matched) => onlyIf(matched, isArgumentOf(matched)),
    email: (matched) => onlyIf(matched, isPersonal(contentOf(matched), locals, tops)),
    iban: (matched) => ibanRange(matched, ruleset.ibanLengths),
    card: (matched) => onlyIf(matched, isCard(contentOf(matched).replace(/[ -]/g, ""))),
    ssn: (matched) => onlyIf(matched, isSocialSecurity(contentOf(matched))),
    phone: (matched) => onlyIf(matched, isPhone(matched)),
    ipv4: (matched) =>
      onlyIf(
        matched,
        contentOf(matched)
          .split(".")
          .every((part) => Number(part) <= 255),
      ),
  };
}

function contentOf({ text, start, end }: Matched): string {
  return text.slice(start, end);
}

function onlyIf({ start, end }: Matched, yes: boolean): Range | undefined {
  return yes ? { start, end } : undefined;
}

function isMixed(content: string): boolean {
  return /[0-9]/.test(content) && /[A-Za-z]/.test(content) && /[A-Z0-9].*[0-9A-Z]/.test(content.slice(3));
}

/** The flag belongs to one of the commands that the rule names, not to the one behind a pipe. */
function isArgumentOf({ text, start, keywords }: Matched): boolean {
  const before = text
    .slice(Math.max(0, start - 300), start)
    .split(/[|;&\n]/)
    .at(-1) as string;
  return keywords.some((word) => before.includes(word));
}

/** A credential rather than a word: digits or capitals inside, or long. */
export function isOpaque(content: string): boolean {
  return content.length >= 24 || /[0-9]/.test(content) || /[a-z][A-Z]|[A-Z]{2}[a-z]/.test(content);
}

/** A header that decodes, and all that hangs on it by full stops (RFC 7519). */
function tokenRange({ text, start, end }: Matched): Range | undefined {
  if (text.charAt(end) !== ".") return undefined;
  const header = decodeBase64(text.slice(start, end));
  if (!header.startsWith('{"') || !/"(?:alg|enc|typ|kid|cty)"/.test(header)) return undefined;
  const rest = /^[0-9A-Za-z_.=-]{1,32768}/.exec(text.slice(end, end + 32_768)) as RegExpExecArray;
  return { start, end: end + rest[0].replace(/[.-]+$/, "").length };
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** GitHub and npm: thirty characters behind the prefix, then their CRC32 as six digits of base 62. */
export function hasChecksum(token: string): boolean {
  const body = token.slice(token.indexOf("_") + 1);
  if (body.length !== 36) return false;
  let rest = crc32(body.slice(0, 30));
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = `${base62[rest % 62]}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits === body.slice(30);
}

const pemBody = /^(?:[0-9A-Za-z+/= \t\r\n:,.-]|\\{1,8}[nrt])*/;

/** From BEGIN to END, or as far as the text can be the body of a key. */
function pemRange({ text, start, end }: Matched): Range {
  const body = pemBody.exec(text.slice(end, end + 16_384))?.[0] ?? "";
  const close = /-----END [A-Z0-9 ]{0,40}-----/.exec(body);
  return { start, end: end + (close ? close.index + close[0].length : body.length) };
}

/**
 * The password between the first colon and the last at sign before a slash; without a colon the
 * user name, if it looks like a token.
 */
function userinfoRange({ text, start, end }: Matched): Range | undefined {
  const from = start + 3;
  const at = end - 1;
  const colon = text.indexOf(":", from);
  const host = /^[^ \t\r\n"'<>`\\,;)]{0,255}/.exec(text.slice(end, end + 255))?.[0].length ?? 0;
  const claimEnd = end + host;
  if (colon >= 0 && colon < at) return { start: colon + 1, end: at, claimEnd };
  const user = text.slice(from, at);
  if (user.length >= 16 && /[0-9]/.test(user) && /[A-Za-z]/.test(user))
    return { start: from, end: at, claimEnd };
  return { start: from, end: from, claimEnd };
}

function isBasic(content: string): boolean {
  const plain = decodeBase64(content);
  return content.length >= 8 && /^[\x20-\x7e\x80-\xff]{0,200}:[\x20-\x7e\x80-\xff]{0,400}$/.test(plain);
}

function isPersonal(address: string, locals: ReadonlySet<string>, tops: ReadonlySet<string>): boolean {
  const at = address.indexOf("@");
  const top = address.slice(address.lastIndexOf(".") + 1).toLowerCase();
  return (
    !locals.has(address.slice(0, at).toLowerCase()) &&
    !tops.has(top) &&
    !/^[0-9]+\.[0-9]/.test(address.slice(at + 1))
  );
}

/** ISO 13616: the country's length, and 1 modulo 97 with the first four characters moved behind. */
function ibanRange(
  { text, start, end }: Matched,
  lengths: { readonly [country: string]: number },
): Range | undefined {
  const length = lengths[text.slice(start, start + 2)];
  if (length === undefined) return undefined;
  let compact = "";
  let at = start;
  for (; at < end && compact.length < length; at++) if (text.charAt(at) !== " ") compact += text.charAt(at);
  if (compact.length !== length || /[0-9A-Za-z]/.test(text.charAt(at))) return undefined;
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const code = character.charCodeAt(0);
    rest = code >= 65 ? (rest * 100 + code - 55) % 97 : (rest * 10 + code - 48) % 97;
  }
  return rest === 1 ? { start, end: at } : undefined;
}

const brands = [
  /^4(?:[0-9]{15}|[0-9]{18})$/,
  /^(?:5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12})$/,
  /^3[47][0-9]{13}$/,
  /^6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}$/,
  /^62[0-9]{14,17}$/,
  /^35(?:2[89]|[3-8][0-9])[0-9]{12}$/,
  /^3(?:0[0-5]|[689][0-9])[0-9]{11}$/,
];

/** A number that a card brand gives out, with the right check digit (ISO/IEC 7812-1). */
export function isCard(digits: string): boolean {
  if (!brands.some((brand) => brand.test(digits))) return false;
  let sum = 0;
  for (let at = digits.length - 1, twice = false; at >= 0; at--, twice = !twice) {
    const digit = digits.charCodeAt(at) - 48;
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

function isSocialSecurity(content: string): boolean {
  return !/^(?:000|666)|-00-|-0000$/.test(content);
}

/** Eight to fifteen digits, and no offset of a time zone before an address. */
function isPhone({ text, start, end }: Matched): boolean {
  const count = text.slice(start, end).replace(/[^0-9]/g, "").length;
  return count >= 8 && count <= 15 && !/[0-9]:[0-9]{2} ?$/.test(text.slice(Math.max(0, start - 5), start));
}
