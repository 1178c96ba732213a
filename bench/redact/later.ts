/**
 * The last material, written when the rules had seen all the other: tokens of vendors that the rules
 * name, other fields, people of other countries, and other programs' ways to print them. Frozen.
 */
import type { Container, Random, Secret } from "./material.ts";
import { pick } from "./material.ts";
import type { Shapes } from "./unseen.ts";
import { draw } from "./unseen-secrets.ts";

const digits = "0123456789";
const hex = `${digits}abcdef`;
const small = "abcdefghijklmnopqrstuvwxyz";
const mixed = `${small}ABCDEFGHIJKLMNOPQRSTUVWXYZ${digits}`;
const url = `${mixed}_-`;

const looks = (make: Secret["make"]): Secret => ({ keys: [], make });
const named = (keys: readonly string[], alphabet: string, length: number): Secret => ({
  keys,
  make: (random) => draw(random, alphabet, length),
});

function card(random: Random, start: string): string {
  const body = start + draw(random, digits, 15 - start.length);
  const sum = Array.from(body, Number).reduce(
    (total, digit, place) => total + (place % 2 === 0 ? ((digit * 2) % 10) + (digit > 4 ? 1 : 0) : digit),
    0,
  );
  return body + String((10 - (sum % 10)) % 10);
}

const secrets: { readonly [name: string]: Secret } = {
  "Stripe restricted key": looks((random) => `rk_live_${draw(random, mixed, 99)}`),
  "Slack user token": looks(
    (random) => `xoxp-${draw(random, digits, 12)}-${draw(random, digits, 12)}-${draw(random, hex, 32)}`,
  ),
  "Slack webhook": looks(
    (random) => `T${draw(random, mixed, 8)}/B${draw(random, mixed, 10)}/${draw(random, mixed, 24)}`,
  ),
  "GitHub refresh token": looks((random) => `ghr_${draw(random, mixed, 76)}`),
  "GitHub fine-grained token": looks(
    (random) => `github_pat_${draw(random, mixed, 22)}_${draw(random, mixed, 59)}`,
  ),
  "GitLab runner token": looks((random) => `glrt-${draw(random, url, 20)}`),
  "Twilio key": looks((random) => `SK${draw(random, hex, 32)}`),
  "Telegram bot": looks((random) => `${draw(random, "123456789", 9)}:AA${draw(random, url, 33)}`),
  "Shopify token": looks((random) => `shpat_${draw(random, hex, 32)}`),
  "PyPI token": looks((random) => `pypi-AgEIcHlwaS5vcmc${draw(random, url, 130)}`),
  "Vault token": looks((random) => `hvs.${draw(random, url, 90)}`),
  "DigitalOcean token": looks((random) => `dop_v1_${draw(random, hex, 64)}`),
  "Hugging Face token": looks((random) => `hf_${draw(random, small + small.toUpperCase(), 34)}`),
  "New Relic key": looks((random) => `NRAK-${draw(random, digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 27)}`),
  "age key": looks((random) => `AGE-SECRET-KEY-1${draw(random, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)}`),
  "argon2 hash": looks(
    (random) => `$argon2id$v=19$m=65536,t=3,p=4$${draw(random, mixed, 22)}$${draw(random, mixed, 43)}`,
  ),
  "password field": named(
    ["admin_password", "ftpPassword", "bind_pw", "KEYSTORE_PASSWORD"],
    `${mixed}!*+~`,
    12,
  ),
  "secret field": named(["shared_secret", "captcha_secret", "cookieSecret", "SESSION_SECRET"], mixed, 30),
  "token field": named(["invitation_token", "pushToken", "DEPLOY_TOKEN", "x-gitlab-token"], url, 26),
  "key field": named(["maps_api_key", "algoliaApiKey", "SENTRY_AUTH_TOKEN", "datadog-api-key"], hex, 32),
  "credential field": named(["credentials", "basic_auth", "connectionString", "api_credential"], mixed, 24),
  "code field": named(["pin", "otp", "mfa_code", "cvc"], digits, 4),
  "card of China": looks((random) => card(random, "6212")),
  "Mastercard, groups": looks((random) => card(random, "55").replaceAll(/(.{4})(?=.)/g, "$1 ")),
  "phone of Brazil": looks((random) => `+55 11 9${draw(random, digits, 4)}-${draw(random, digits, 4)}`),
  "e-mail of a firm": looks(
    (random) => `${draw(random, small, 5)}_${draw(random, small, 6)}@${draw(random, small, 5)}.museum`,
  ),
  "social security": looks(
    (random) => `2${draw(random, digits, 2)}-4${draw(random, digits, 1)}-1${draw(random, digits, 3)}`,
  ),
};

const json = (value: unknown): string => JSON.stringify(value);
const python = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
const symbol = (key: string): string => key.replaceAll("-", "_");
const shape = (language: string, name: string, wrap: Container["wrap"]): Container => ({
  language,
  name,
  plain: true,
  wrap,
});

const containers: readonly Container[] = [
  shape(
    "any",
    "lines of Heroku",
    (key, secret, around) => `app[web.1]: at=info ${symbol(key)}=${json(secret)} desc=${json(around)}`,
  ),
  shape(
    "any",
    "GraphQL variables",
    (key, secret, around) =>
      `{"query":"mutation","variables":{"input":{"note":${json(around)},${json(key)}:${json(secret)}}}}`,
  ),
  shape(
    "any",
    "JSON with blanks",
    (key, secret, around) => `{ "note" : ${json(around)} , ${json(key)} : ${json(secret)} }`,
  ),
  shape("any", "JSON four deep in a list", (key, secret, around) =>
    json([[{ a: { b: { [key]: secret, note: around } } }]]),
  ),
  shape("any", "request headers", (key, secret, around) =>
    json({
      headers: [
        [key, secret],
        ["x-note", around],
      ],
    }),
  ),
  shape(
    "any",
    "YAML, single quotes",
    (key, secret, around) => `settings:\n  ${key}: '${secret}'\n  note: '${around}'\n`,
  ),
  shape(
    "any",
    "SQL upsert",
    (key, secret, around) =>
      `INSERT INTO s (note, ${symbol(key)}) VALUES ('${around}', '${secret}') ON CONFLICT DO NOTHING`,
  ),
  shape(
    "any",
    "SQL comparison",
    (key, secret, around) => `DELETE FROM s WHERE s.${symbol(key)} = '${secret}' /* ${around} */`,
  ),
  shape(
    "any",
    "shell export",
    (key, secret, around) => `export ${symbol(key).toUpperCase()}="${secret}" # ${around}`,
  ),
  shape("any", "long option", (key, secret, around) => `deploy --${key}="${secret}" --note='${around}' now`),
  shape(
    "Ruby",
    "keyword error",
    (key, secret, around) =>
      `ArgumentError: wrong ${around} given ({:${symbol(key)}=>${json(secret)}, :n=>1})`,
  ),
  shape(
    "Ruby",
    "OpenStruct",
    (key, secret, around) => `#<OpenStruct note=${json(around)}, ${symbol(key)}=${json(secret)}>`,
  ),
  shape(
    "Ruby",
    "YAML of a hash with symbols",
    (key, secret, around) => `---\n:note: ${around}\n:${symbol(key)}: ${json(secret)}\n`,
  ),
  shape(
    "Python",
    "model of pydantic",
    (key, secret, around) => `note=${python(around)} ${symbol(key)}=${python(secret)} age=3`,
  ),
  shape(
    "Python",
    "call in a warning",
    (key, secret, around) =>
      `retrying pay(3, note=${python(around)}, ${symbol(key)}=${python(secret)}) in 5 s`,
  ),
  shape(
    "Python",
    "named tuple",
    (key, secret, around) => `Login(${symbol(key)}=${python(secret)}, note=${python(around)})`,
  ),
];

function harmlessLine(random: Random): string {
  const number = (max: number): number => Math.floor(random() * max);
  const id = (length: number): string => draw(random, hex, length);
  const kinds: readonly (() => string)[] = [
    () => `Running via Spring preloader in process ${number(99_999)}; cache key views/${id(32)} expired`,
    () =>
      `[Worker(delayed_job.${number(9)} host:app${number(9)} pid:${number(9999)})] 1 jobs processed at ${number(99)}.${number(9999)} j/s, 0 failed`,
    () =>
      `whenever: crontab written, ${number(40)} entries, identifier /srv/shop/releases/2026112${number(9)}`,
    () =>
      `puma.stats backlog=${number(9)} running=${number(9)} pool_capacity=${number(9)} requests_count=${number(99_999)}`,
    () => `Task billing.rotate_tokens[${id(8)}-${id(4)}-4${id(3)}-9${id(3)}-${id(12)}] received`,
    () => `user ${number(99_999)} changed the password policy; sessions revoked: ${number(9)}`,
    () => `token expired ${number(60)} minutes ago for client ${number(999)}`,
    () =>
      `SSL certificate of api.example valid until 2027-0${1 + number(8)}-1${number(9)}, serial ${id(32).toUpperCase()}`,
    () => `commit ${id(40)} Merge branch 'secret-santa' into main`,
    () => `ActiveRecord::RecordNotFound (Couldn't find Token with 'id'=${number(99_999)}):`,
    () => `Sent 200 OK in ${number(99)}ms, key: orders/${number(999)}/${id(12)}.pdf`,
    () => `[pool] size=${number(50)} checked out=${number(50)} auth method=scram idle=${number(9)}`,
    () => `rack-attack: throttled 203.0.113.${number(255)} (logins/ip) limit ${number(99)} period 60`,
    () => `i18n missing translation: de.users.password.too_short (${number(9)})`,
    () =>
      `pip: Successfully installed PyJWT-2.${number(9)}.0 cryptography-4${number(9)}.0.${number(9)} python-jose-3.${number(9)}`,
    () => `compiled assets: session-${id(20)}.js auth-${id(20)}.css in ${number(99)}.${number(9)}s`,
    () =>
      `tracking number 1Z${id(6).toUpperCase()}0${number(9)} shipped, weight ${number(99)}.${number(9)} kg, phone call not needed`,
    () => `slow query (${number(9000)} ms): SELECT id, token_digest FROM api_keys WHERE revoked_at IS NULL`,
    () => `account ${number(9999)} upgraded to plan pro; seats ${number(99)}; credits ${number(9999)}`,
    () =>
      `otp app restarted: Erlang/OTP ${20 + number(8)} [erts-1${number(4)}.${number(9)}] [source] [64-bit]`,
  ];
  return pick(random, kinds)();
}

export const laterShapes: Shapes = {
  seed: 33_071_955,
  secrets,
  containers,
  credentials: [],
  harmlessLine,
  hash: "298c2cab1a4f8615c1fa06078a473c9b95b336376d88a67e8f6741ffe5a46443",
};
