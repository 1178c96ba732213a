/**
 * Secrets, containers and harmless lines from a generator of their own. None of the texts here were
 * at hand when the rules were written: those were tried on the cases in contract/redaction.
 */
import { seededRandom } from "../corpus.ts";

export type Random = () => number;

const small = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const mixed = `${small}${small.toUpperCase()}${digits}`;

function from(random: Random, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join("");
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}

function luhn(prefix: string, length: number, random: Random): string {
  const body = prefix + from(random, digits, length - prefix.length - 1);
  let sum = 0;
  for (let at = body.length - 1, twice = true; at >= 0; at--, twice = !twice) {
    const digit = Number(body[at]);
    sum += twice ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return body + String((10 - (sum % 10)) % 10);
}

function iban(random: Random): string {
  const body = from(random, digits, 18);
  const rest = BigInt(`${body}131400`) % 97n;
  return `DE${String(98n - rest).padStart(2, "0")}${body}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

export type Secret = {
  /** Keys under which it is found; none: it is known by its looks. */
  readonly keys: readonly string[];
  readonly make: (random: Random) => string;
};

/** Known by what they look like, wherever they stand; then those known by their key. */
export const secrets: { readonly [name: string]: Secret } = {
  "AWS key id": { keys: [], make: (random) => `AKIA${from(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)}` },
  "GitHub token": {
    keys: [],
    make: (random) => `gh${pick(random, ["p", "o", "s"])}_${from(random, mixed, 36)}`,
  },
  "GitLab token": { keys: [], make: (random) => `glpat-${from(random, mixed, 20)}` },
  "Slack token": {
    keys: [],
    make: (random) => `xoxb-${from(random, digits, 12)}-${from(random, mixed, 24)}`,
  },
  "Stripe key": { keys: [], make: (random) => `sk_live_${from(random, mixed, 24)}` },
  "Google API key": { keys: [], make: (random) => `AIza${from(random, `${mixed}_-`, 35)}` },
  "SendGrid key": { keys: [], make: (random) => `SG.${from(random, mixed, 22)}.${from(random, mixed, 43)}` },
  "npm token": { keys: [], make: (random) => `npm_${from(random, mixed, 36)}` },
  JWT: {
    keys: [],
    make: (random) =>
      `${base64url('{"alg":"HS256","typ":"JWT"}')}.${base64url(`{"sub":"${from(random, digits, 9)}"}`)}.${from(random, mixed, 43)}`,
  },
  bcrypt: { keys: [], make: (random) => `$2b$12$${from(random, `${mixed}./`, 53)}` },
  card: { keys: [], make: (random) => luhn(pick(random, ["4", "51", "55", "2300", "6011"]), 16, random) },
  "card in groups": {
    keys: [],
    make: (random) => luhn(pick(random, ["4", "53"]), 16, random).replace(/(....)(?=.)/g, "$1 "),
  },
  IBAN: { keys: [], make: iban },
  "e-mail": {
    keys: [],
    make: (random) => `${from(random, small, 6)}.${from(random, small, 7)}@${from(random, small, 8)}.com`,
  },
  "phone number": {
    keys: [],
    make: (random) => `+49 30 ${from(random, "123456789", 4)} ${from(random, digits, 4)}`,
  },
  password: {
    keys: ["password", "userPassword", "db_passwd", "PGPASSWORD", "new-password", "passphrase"],
    make: (random) => from(random, `${mixed}!#$*+-~^`, 14),
  },
  "hexadecimal secret": {
    keys: ["api_key", "clientSecret", "X-Api-Key", "secret_key_base", "signing_key"],
    make: (random) => from(random, "0123456789abcdef", 40),
  },
  "opaque token": {
    keys: ["access_token", "refreshToken", "csrf_token", "auth-token", "reset_password_token"],
    make: (random) => from(random, mixed, 28),
  },
  "session id": {
    keys: ["session_id", "JSESSIONID", "PHPSESSID"],
    make: (random) => from(random, mixed, 26),
  },
  "one-time code": {
    keys: ["otp", "verification_code", "mfaCode"],
    make: (random) => from(random, digits, 6),
  },
};

export type Container = {
  readonly language: string;
  readonly name: string;
  /** Places a secret; `around` is text that must stay. */
  readonly wrap: (key: string, secret: string, around: string) => string;
  /** Can hold a value that is known by its looks only, without a sensitive key. */
  readonly plain?: true;
};

const json = (value: unknown): string => JSON.stringify(value);
const ruby = (text: string): string =>
  json(text).replaceAll("#{", "\\#{").replaceAll("#$", "\\#$").replaceAll("#@", "\\#@");
const python = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const form = (text: string): string => encodeURIComponent(text);

export const containers: readonly Container[] = [
  {
    language: "any",
    name: "JSON",
    plain: true,
    wrap: (key, secret, around) => json({ note: around, [key]: secret, ok: true }),
  },
  {
    language: "any",
    name: "JSON in JSON",
    plain: true,
    wrap: (key, secret, around) => json({ body: json({ [key]: secret, note: around }) }),
  },
  {
    language: "any",
    name: "JSON three deep",
    plain: true,
    wrap: (key, secret, around) => json({ a: json({ b: json({ [key]: secret }), note: around }) }),
  },
  {
    language: "any",
    name: "list of pairs",
    plain: true,
    wrap: (key, secret, around) =>
      json([
        ["note", around],
        [key, secret],
      ]),
  },
  {
    language: "any",
    name: "name and value",
    plain: true,
    wrap: (key, secret, around) =>
      json([
        { name: key, value: secret },
        { name: "note", value: around },
      ]),
  },
  {
    language: "any",
    name: "logfmt",
    plain: true,
    wrap: (key, secret, around) =>
      `at=info note="${around}" ${key}=${/[ "]/.test(secret) ? json(secret) : secret} status=200`,
  },
  {
    language: "any",
    name: "query",
    wrap: (key, secret, around) => `GET /pay?note=${form(around)}&${key}=${form(secret)}&page=2 HTTP/1.1`,
  },
  {
    language: "any",
    name: "form",
    wrap: (key, secret, around) => `user%5B${key}%5D=${form(secret)}&user%5Bnote%5D=${form(around)}`,
  },
  {
    language: "any",
    name: "header",
    plain: true,
    wrap: (key, secret, around) => `${key}: ${secret}\nX-Note: ${around}`,
  },
  {
    language: "any",
    name: "YAML",
    plain: true,
    wrap: (key, secret, around) => `job:\n  note: ${around}\n  ${key}: ${secret}\n  page: 2\n`,
  },
  {
    language: "any",
    name: "YAML, quoted",
    plain: true,
    wrap: (key, secret, around) => `note: ${around}\n${key}: ${json(secret)}\npage: 2\n`,
  },
  {
    language: "any",
    name: "SQL update",
    plain: true,
    wrap: (key, secret, around) =>
      `UPDATE "users" SET "${key}" = '${secret}', "note" = '${around}' WHERE id = 3`,
  },
  {
    language: "any",
    name: "SQL insert",
    plain: true,
    wrap: (key, secret, around) => `INSERT INTO users (note, ${key}) VALUES ('${around}', '${secret}')`,
  },
  {
    language: "any",
    name: "command line",
    plain: true,
    wrap: (key, secret, around) =>
      `run --note '${around}' --${key} ${/[ ]/.test(secret) ? `'${secret}'` : secret} --page 2`,
  },
  {
    language: "any",
    name: "cut JSON",
    plain: true,
    wrap: (key, secret, around) => json({ note: around, [key]: secret }).slice(0, -2),
  },
  {
    language: "Ruby",
    name: "hash",
    plain: true,
    wrap: (key, secret, around) => `Args: {${ruby("note")}=>${ruby(around)}, ${ruby(key)}=>${ruby(secret)}}`,
  },
  {
    language: "Ruby",
    name: "hash of symbols",
    plain: true,
    wrap: (key, secret, around) => `{:note=>${ruby(around)}, :${key.replaceAll("-", "_")}=>${ruby(secret)}}`,
  },
  {
    language: "Ruby",
    name: "hash, new style",
    plain: true,
    wrap: (key, secret, around) => `{note: ${ruby(around)}, ${key.replaceAll("-", "_")}: ${ruby(secret)}}`,
  },
  {
    language: "Ruby",
    name: "inspected object",
    plain: true,
    wrap: (key, secret, around) =>
      `#<User id: 3, note: ${ruby(around)}, ${key.replaceAll("-", "_")}: ${ruby(secret)}>`,
  },
  {
    language: "Ruby",
    name: "instance variable",
    plain: true,
    wrap: (key, secret, around) =>
      `#<Client:0x00007f @note=${ruby(around)}, @${key.replaceAll("-", "_")}=${ruby(secret)}>`,
  },
  {
    language: "Ruby",
    name: "handler inspected",
    plain: true,
    wrap: (key, secret, around) =>
      ruby(`--- !ruby/object:PayJob\nnote: ${around}\n${key}: ${secret}\npage: 2\n`),
  },
  {
    language: "Python",
    name: "dict",
    plain: true,
    wrap: (key, secret, around) => `{'note': ${python(around)}, ${python(key)}: ${python(secret)}}`,
  },
  {
    language: "Python",
    name: "keyword arguments",
    plain: true,
    wrap: (key, secret, around) =>
      `pay(note=${python(around)}, ${key.replaceAll("-", "_")}=${python(secret)})`,
  },
  {
    language: "Python",
    name: "tuples",
    plain: true,
    wrap: (key, secret, around) => `[('note', ${python(around)}), (${python(key)}, ${python(secret)})]`,
  },
  {
    language: "Python",
    name: "local in a stack",
    plain: true,
    wrap: (key, secret, around) =>
      `  File "pay.py", line 7\n    note = ${python(around)}\n    ${key.replaceAll("-", "_")} = ${python(secret)}`,
  },
  {
    language: "Python",
    name: "dict, cut",
    plain: true,
    wrap: (key, secret, around) => `{'note': ${python(around)}, ${python(key)}: '${secret.slice(0, -1)}`,
  },
];

/** Written after the rules were finished; see `matrixDocument`. */
export const heldOutContainers: readonly Container[] = [
  {
    language: "any",
    name: "environment file",
    plain: true,
    wrap: (key, secret, around) =>
      `# ${around}\nexport ${key.replaceAll("-", "_").toUpperCase()}='${secret}'\nexport PAGE=2`,
  },
  {
    language: "any",
    name: "XML",
    plain: true,
    wrap: (key, secret, around) => `<job><note>${around}</note><${key}>${secret}</${key}></job>`,
  },
  {
    language: "any",
    name: "TOML",
    plain: true,
    wrap: (key, secret, around) => `note = "${around}"\n${key} = "${secret}"\npage = 2`,
  },
  {
    language: "any",
    name: "sentence",
    plain: true,
    wrap: (key, secret, around) => `${around}; the ${key}: ${secret} was sent`,
  },
  {
    language: "Ruby",
    name: "error message",
    plain: true,
    wrap: (key, secret, around) =>
      `ArgumentError (unknown keywords: ${around} for {:user=>{"${key}"=>${ruby(secret)}}}):`,
  },
  {
    language: "Python",
    name: "error message",
    plain: true,
    wrap: (key, secret, around) =>
      `TypeError: pay() got ${around} (kwargs={${python(key)}: ${python(secret)}})`,
  },
];

/** Harmless lines that were written after the rules were finished. */
export function heldOutBenignLine(random: Random): string {
  const number = (max: number): number => Math.floor(random() * max);
  const hex = (length: number): string => from(random, "0123456789abcdef", length);
  const kinds: readonly (() => string)[] = [
    () =>
      `[ActiveJob] [ReportJob] [${hex(8)}-${hex(4)}-4${hex(3)}-b${hex(3)}-${hex(12)}] Enqueued to DelayedJob(mailers) at 2026-11-${10 + number(19)} 10:00:00 UTC`,
    () =>
      `Puma starting in cluster mode... * Version ${number(9)}.${number(9)}.${number(9)} (ruby 3.1.${number(9)}-p${number(300)}) * PID: ${number(99_999)}`,
    () => `npm notice created a lockfile as package-lock.json, integrity sha512-${from(random, mixed, 60)}`,
    () =>
      `Sidekiq latency queue:default=${number(99)}.${number(99)}s keys=${number(999)} sessions: ${number(99)} cookies accepted: ${number(9)}`,
    () =>
      `Rendered users/sessions/new.html.erb within layouts/application (Duration: ${number(99)}.${number(9)}ms | Allocations: ${number(9999)})`,
    () =>
      `Filter chain halted as :authenticate_user! rendered or redirected; session expired ${number(60)} min ago`,
    () =>
      `kombu.connection: Connected to redis-${number(9)}.internal:6379/${number(15)} after ${number(9)} tries`,
    () =>
      `s3://bucket-${number(99)}/exports/2026/11/${hex(16)}.csv.gz uploaded, etag=${hex(32)}, ${number(99_999_999)} bytes`,
    () =>
      `Slot 2026-11-${10 + number(19)}T0${number(9)}:30:00+01:00 due, next 2026-11-30T00:30:00+01:00, zone Europe/Berlin`,
    () =>
      `Traceback (most recent call last): KeyError: 'author_${number(99)}' in tokenizer.py:${number(999)}`,
    () =>
      `pass ${number(99)} fail ${number(9)} pending ${number(9)}; pins reset: ${number(9)}; card layout v${number(9)} shown`,
    () =>
      `Mobile app ${number(9)}.${number(20)}.${number(9)} build ${20_260_000 + number(999)} on SM-G${number(999)}F, cell signal ${number(5)}`,
  ];
  return pick(random, kinds)();
}

const words = [
  "invoice",
  "shipment",
  "customer",
  "page",
  "queue",
  "retry",
  "token bucket",
  "keyboard",
  "password policy",
  "secretary",
  "sessions",
  "author",
  "pinned",
  "passenger",
  "compass",
  "authority",
  "monkey",
  "cards",
  "phonetic",
];

/** A harmless line of the kinds that logs are full of. */
export function benignLine(random: Random): string {
  const number = (max: number): number => Math.floor(random() * max);
  const hex = (length: number): string => from(random, "0123456789abcdef", length);
  const uuid = `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
  const time = new Date(1_700_000_000_000 + number(90_000_000) * 1000).toISOString();
  const word = pick(random, words);
  const kinds: readonly (() => string)[] = [
    () =>
      `Performed ${pick(random, ["PayJob", "Mail::Send"])} (Job ID: ${uuid}) from DelayedJob(default) in ${number(9000) / 10}ms`,
    () => `Task app.tasks.sync[${uuid}] succeeded in ${random().toFixed(6)}s: None`,
    () => `celery@worker-${number(9)}.example.internal ready.`,
    () => `Deployed ${hex(40)} (v${number(9)}.${number(30)}.${number(9)}-rc.${number(9)}) at ${time}`,
    () =>
      `order ${from(random, digits, 10)} of ${word} moved to ${pick(random, ["packed", "sent"])}, total=${number(900)}.${number(90) + 10} EUR`,
    () =>
      `GET /api/v2/${word.replaceAll(" ", "-")}/${number(99999)}?page=${number(90)}&per_page=50&sort=-created_at 200 in ${number(900)}ms`,
    () =>
      `token_count=${number(9000)} max_tokens=${number(9000)} cache_key=views/${number(999)}/${hex(12)} primary_key=${number(99)}`,
    () => `password_changed_at: ${time}, token_expires_in=${number(9000)}, key_id=${number(999)}`,
    () =>
      `/usr/lib/ruby/gems/3.1.0/gems/activejob-7.0.4/lib/active_job/execution.rb:${number(99)}:in \`perform_now'`,
    () => `File "/srv/app/billing/tasks.py", line ${number(999)}, in charge`,
    () =>
      `{"level":"info","ts":${1_700_000_000 + number(9_000_000)}.${number(999)},"msg":"${word} done","rows":${number(999)},"trace_id":"${hex(32)}"}`,
    () =>
      `[${time}: INFO/ForkPoolWorker-${number(9)}] ${word} ${number(99999)} processed in ${random().toFixed(3)}s`,
    () =>
      `SELECT "orders".* FROM "orders" WHERE "orders"."user_id" = $1 LIMIT $2 [["user_id", ${number(9999)}], ["LIMIT", 1]]`,
    () =>
      `127.0.0.1 - - [21/Nov/2026:10:${number(50) + 10}:00 +0000] "GET /${word.replaceAll(" ", "_")} HTTP/1.1" 200 ${number(90_000)} 0.${number(9999)}`,
    () => `JSON::ParserError: unexpected token at '${word}' (line ${number(99)})`,
    () => `Authentication failed: invalid password for user ${number(9999)}; attempts: ${number(9)}`,
    () =>
      `memory rss=${number(900_000)} kB, gc=${number(90)}, epoch=${1_700_000_000_000 + number(99_999_999_999)} seq=${from(random, digits, 15)}`,
    () =>
      `sha256:${hex(64)} pushed to registry.example.com:5000/shop/${word.replaceAll(" ", "-")}:${number(99)}`,
    () =>
      `worker host-${number(9)}:${number(40_000)}:${number(9_999_999)} took run ${uuid}, queue=${word.replaceAll(" ", "_")} attempt=${number(9)}`,
    () =>
      `Completed 200 OK in ${number(900)}ms (Views: ${number(90)}.${number(9)}ms | ActiveRecord: ${number(90)}.${number(9)}ms | Allocations: ${number(99_999)})`,
  ];
  return pick(random, kinds)();
}

export function materialRandom(seed: number): Random {
  return seededRandom(seed * 7919 + 17);
}
