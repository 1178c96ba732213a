/**
 * Canaries: made-up secrets and personal data of every class, each with a stem that occurs nowhere
 * else, so that even a part of one is recognised wherever it lands.
 */

export type Canary = {
  readonly kind: string;
  /** Name under which an application would keep it. */
  readonly key: string;
  readonly value: string;
  /** As it would stand in a line of text. */
  readonly text: string;
};

/** In any case. Random bytes hold it once in millions of megabytes. */
const stem = "qXk9Vj";
/** For numbers; the last four digits of a card may stay, and are others. */
const digits = "77310042";

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Letters and digits that depend on the number alone, the same length for all. */
function tail(number: number, length: number): string {
  let text = "";
  for (let state = number * 2_654_435_761 + 12_345; text.length < length; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    const letter = alphabet[Math.floor(state / 65_536) % 36] as string;
    text += text.length % 3 === 1 ? letter.toUpperCase() : letter;
  }
  return text;
}

function cardOf(number: number): string {
  const body = `4${digits}${String(number % 1_000_000).padStart(6, "0")}`;
  for (let check = 0; ; check++) {
    const all = `${body}${check}`;
    const sum = Array.from(all)
      .reverse()
      .reduce((total, digit, place) => {
        const twice = Number(digit) * (1 + (place % 2));
        return total + (twice > 9 ? twice - 9 : twice);
      }, 0);
    if (sum % 10 === 0) return all;
  }
}

function ibanOf(number: number): string {
  const body = digits + String(number).padStart(10, "0");
  return `DE${String(98n - (BigInt(`${body}131400`) % 97n)).padStart(2, "0")}${body}`;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const base64url = (text: string): string => Buffer.from(text).toString("base64url");

type Make = (number: number) => Omit<Canary, "kind">;
const of = (key: string, value: string, text: string): Omit<Canary, "kind"> => ({ key, value, text });

const kinds: { readonly [kind: string]: Make } = {
  password: (number) => {
    const value = `${stem}${tail(number, 8)}`;
    return of("password", value, `password=${value}`);
  },
  "API key": (number) => {
    const value = `${stem}${tail(number, 26)}`;
    return of("api_key", value, `api_key: "${value}"`);
  },
  token: (number) => {
    const value = `${stem}${tail(number, 30)}`;
    return of("access_token", value, `{"access_token":"${value}"}`);
  },
  secret: (number) => {
    const value = `${stem}${tail(number, 20)}`;
    return of("client_secret", value, `{'client_secret': '${value}'}`);
  },
  "Ruby hash": (number) => {
    const value = `${stem}${tail(number, 12)}`;
    return of("db_password", value, `{:db_password=>"${value}"}`);
  },
  "AWS key": (number) => {
    const value = `AKIA${stem.toUpperCase()}${tail(number, 10).toUpperCase()}`;
    return of("remark", value, `using ${value} now`);
  },
  "GitHub token": (number) => {
    const value = `ghp_${stem}${tail(number, 30)}`;
    return of("remark", value, `push with ${value}`);
  },
  "Slack token": (number) => {
    const value = `xoxb-${stem}-${tail(number, 24)}`;
    return of("remark", value, `post as ${value}`);
  },
  "Stripe key": (number) => {
    const value = `sk_live_${stem}${tail(number, 18)}`;
    return of("remark", value, `charge by ${value}`);
  },
  JWT: (number) => {
    const value = `${base64url('{"alg":"HS256"}')}.${base64url('{"sub":"1"}')}.${stem}${tail(number, 37)}`;
    return of("remark", value, `assertion ${value}`);
  },
  card: (number) => of("remark", cardOf(number), `paid with ${cardOf(number)}`),
  IBAN: (number) => of("remark", ibanOf(number), `to account ${ibanOf(number)}`),
  "e-mail": (number) => {
    const value = `${stem}.${tail(number, 8)}@example.com`.toLowerCase();
    return of("remark", value, `sent to ${value}`);
  },
  phone: (number) => {
    const value = `+49${digits}${String(number).padStart(4, "0")}`;
    return of("remark", value, `called ${value}`);
  },
  "password in a URL": (number) => {
    const value = `postgres://app:${stem}${tail(number, 10)}@db1/shop`;
    return of("remark", value, `connecting to ${value}`);
  },
  bearer: (number) => {
    const value = `Bearer ${stem}${tail(number, 34)}`;
    return of("authorization", value, `Authorization: ${value}`);
  },
  basic: (number) => {
    const value = `Basic ${base64(`svc:${stem}${tail(number, 9)}`)}`;
    return of("Authorization", value, `Authorization: ${value}`);
  },
  cookie: (number) => {
    const value = `_shop_session=${stem}${tail(number, 40)}`;
    return of("cookie", value, `Cookie: locale=de; ${value}`);
  },
  "private key": (number) => {
    const value = `-----BEGIN RSA PRIVATE KEY-----\n${stem}${tail(number, 58)}\n-----END RSA PRIVATE KEY-----`;
    return of("remark", value, value.replaceAll("\n", "\\n"));
  },
  bcrypt: (number) => {
    const value = `$2b$12$${stem}${tail(number, 47)}`;
    return of("remark", value, `stored ${value}`);
  },
  query: (number) => {
    const value = `https://app.example/reset?reset_token=${stem}${tail(number, 20)}&page=2`;
    return of("remark", value, `visited ${value}`);
  },
  "base64 of JSON": (number) => {
    const value = base64(`{"password":"${stem}${tail(number, 10)}"}`);
    return of("remark", value, `state=${value}`);
  },
  "percent-encoded": (number) => {
    const value = `%7B%22password%22%3A%22${stem}${tail(number, 10)}%22%7D`;
    return of("remark", value, `state=${value}`);
  },
  YAML: (number) => {
    const value = `--- !ruby/object:Login\nuser: bob\npassword: ${stem}${tail(number, 12)}\n`;
    return of("remark", value, `handler: ${JSON.stringify(value)}`);
  },
};

let made = 0;

/** One of every kind, none of which was made before. */
export function canaries(): readonly Canary[] {
  return Object.entries(kinds).map(([kind, make]) => ({ kind, ...make(++made) }));
}

export function canariesMade(): number {
  return made;
}

/** What no file may hold, in lower case: the stems as they are and as they look encoded. */
export const stems: readonly string[] = [
  stem,
  digits,
  base64(`svc:${stem}`).slice(0, 12),
  base64(`{"password":"${stem}`).slice(0, 24),
  Buffer.from(stem).toString("hex"),
].map((text) => text.toLowerCase());

/** A few characters around every place where a part of a canary stands. */
export function canariesIn(bytes: Buffer): readonly string[] {
  const text = bytes.toString("latin1").toLowerCase();
  return stems.flatMap((one) => {
    const found: string[] = [];
    for (let at = text.indexOf(one); at >= 0 && found.length < 20; at = text.indexOf(one, at + 1))
      found.push(text.slice(Math.max(0, at - 60), at + 40));
    return found;
  });
}
