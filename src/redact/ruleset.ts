/**
 * The built-in rules as `contract/redaction/rules.json` has them; the Ruby and Python recorders
 * carry the same file as generated constants.
 */
import ruleset from "../../contract/redaction/rules.json" with { type: "json" };

/** What is left where a value of a class stood; `off` leaves the value. */
export type Verdict = "drop" | "token" | "mask" | "off";

/**
 * When a value under a sensitive key is sensitive: always, unless it is a number, or a word, up to the end of
 * a header line, only if it looks random, or only if it has the shape of such a number.
 */
export type When =
  | "any"
  | "text"
  | "unlikeWord"
  | "line"
  | "random"
  | "digits3"
  | "digits12"
  | "phone"
  | "id";

export type KeyEntry = { readonly when: When; readonly class?: string; readonly words: readonly string[] };

export type Check =
  | "mixed"
  | "jwt"
  | "pem"
  | "userinfo"
  | "opaque"
  | "basic"
  | "command"
  | "email"
  | "iban"
  | "card"
  | "ssn"
  | "phone"
  | "ipv4";

export type ValueEntry = {
  readonly id: string;
  readonly class: string;
  /** Also applied to identifiers such as run ids, which the weaker rules leave alone. */
  readonly strong?: boolean;
  /** A letter, digit or underscore before the match means that it is no match. */
  readonly boundary?: boolean;
  /** Group 1 stays, what follows it goes. */
  readonly keep?: boolean;
  readonly ignoreCase?: boolean;
  /** Texts of which one must occur (in lower case if case is ignored); `#name` is a shape of digits. */
  readonly keywords: readonly string[];
  readonly pattern: string;
  readonly check?: Check;
  /**
   * The last six of 36 characters are a checksum of the others. What has a wrong one goes as well, for
   * it may be cut or of a newer form; but of the right one it is known that it was given out.
   */
  readonly checksum?: true;
};

export type Ruleset = {
  readonly version: number;
  readonly limits: {
    readonly textBytesMax: number;
    readonly depthMax: number;
    readonly decodeDepthMax: number;
    readonly decodeBytesMax: number;
    readonly keyBytesMax: number;
    readonly itemsMax: number;
  };
  readonly classes: { readonly [name: string]: { readonly verdict: Verdict } };
  readonly keys: { readonly [id: string]: KeyEntry };
  readonly endings: { readonly [id: string]: readonly string[] };
  readonly negativeWords: readonly string[];
  readonly negativeLast: readonly string[];
  readonly already: string;
  readonly nothing: readonly string[];
  readonly plainWords: readonly string[];
  readonly values: readonly ValueEntry[];
  readonly encodedWords: readonly string[];
  readonly ibanLengths: { readonly [country: string]: number };
  readonly emailLocals: readonly string[];
  readonly emailTops: readonly string[];
};

export const builtIn = ruleset as unknown as Ruleset;
