/**
 * Secrets and personal data in shapes that the rules were not written from: prefixes, alphabets and
 * lengths as their makers publish them, and field names of ordinary applications. Frozen: a change
 * here would make the first figures in docs/redaction-matrix.md untrue.
 */
import { pick, type Random, type Secret } from "./material.ts";

const small = "abcdefghijklmnopqrstuvwxyz";
const capitals = small.toUpperCase();
const digits = "0123456789";
const letters = small + capitals;
const mixed = letters + digits;
const hex = `${digits}abcdef`;
const url = `${mixed}_-`;
const base64 = `${mixed}+/`;

export function draw(random: Random, alphabet: string, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += alphabet[Math.floor(random() * alphabet.length)];
  return text;
}

function uuid(random: Random): string {
  return [8, 4, 4, 4, 12].map((length) => draw(random, hex, length)).join("-");
}

function withCheckDigit(body: string): string {
  for (let check = 0; check < 10; check++) {
    const number = `${body}${check}`;
    const sum = Array.from(number)
      .reverse()
      .reduce((total, digit, place) => {
        const value = Number(digit) * (place % 2 === 1 ? 2 : 1);
        return total + (value > 9 ? value - 9 : value);
      }, 0);
    if (sum % 10 === 0) return number;
  }
  throw new Error("no check digit fits");
}

const card =
  (
    starts: readonly string[],
    length: number,
    groups: readonly number[] = [],
    separator = "",
  ): Secret["make"] =>
  (random) => {
    const start = pick(random, starts);
    const number = withCheckDigit(start + draw(random, digits, length - start.length - 1));
    if (groups.length === 0) return number;
    let at = 0;
    return groups.map((size) => number.slice(at, (at += size))).join(separator);
  };

const iban =
  (country: string, shape: string, grouped: boolean): Secret["make"] =>
  (random) => {
    const body = Array.from(shape, (kind) => draw(random, kind === "A" ? capitals : digits, 1)).join("");
    const numeric = `${body}${country}00`.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
    const text = country + String(98n - (BigInt(numeric) % 97n)).padStart(2, "0") + body;
    return grouped ? text.replace(/(.{4})(?=.)/g, "$1 ") : text;
  };

/** A prefix, and what follows it; known wherever it stands. */
const token = (prefix: string, alphabet: string, length: number, suffix = ""): Secret => ({
  keys: [],
  make: (random) => prefix + draw(random, alphabet, length) + suffix,
});

/** A value that only its field name tells. */
const named = (keys: readonly string[], alphabet: string, length: number): Secret => ({
  keys,
  make: (random) => draw(random, alphabet, length),
});

const looks = (make: Secret["make"]): Secret => ({ keys: [], make });

/** Tokens of vendors, each with a prefix of its own. */
const vendors: { readonly [name: string]: Secret } = {
  "Doppler personal": token("dp.pt.", mixed, 43),
  "Doppler service": token("dp.st.prd.", mixed, 43),
  Pulumi: token("pul-", hex, 40),
  Supabase: token("sbp_", hex, 40),
  "Fly.io": token("fm2_", base64, 120),
  Buildkite: token("bkua_", hex, 40),
  CircleCI: looks((random) => `CCIPAT_${draw(random, mixed, 22)}_${draw(random, hex, 40)}`),
  Airtable: looks((random) => `pat${draw(random, mixed, 14)}.${draw(random, hex, 64)}`),
  Figma: token("figd_", url, 40),
  Dynatrace: looks(
    (random) => `dt0c01.${draw(random, capitals + digits, 24)}.${draw(random, capitals + digits, 64)}`,
  ),
  Netlify: token("nfp_", mixed, 36),
  Resend: looks((random) => `re_${draw(random, mixed, 8)}_${draw(random, mixed, 24)}`),
  Replicate: token("r8_", mixed, 37),
  Groq: token("gsk_", mixed, 52),
  Perplexity: token("pplx-", mixed, 48),
  Tailscale: looks((random) => `tskey-auth-k${draw(random, mixed, 11)}CNTRL-${draw(random, mixed, 32)}`),
  "1Password": token("ops_eyJ", base64, 260),
  Sourcegraph: token("sgp_", hex, 40),
  Brevo: looks((random) => `xkeysib-${draw(random, hex, 64)}-${draw(random, mixed, 16)}`),
  Plaid: looks((random) => `access-production-${uuid(random)}`),
  Duffel: token("duffel_live_", url, 43),
  EasyPost: token("EZAK", mixed, 54),
  Shippo: token("shippo_live_", hex, 40),
  Typeform: token("tfp_", url, 59),
  Contentful: token("CFPAT-", url, 43),
  "Cloudflare origin": looks((random) => `v1.0-${draw(random, hex, 24)}-${draw(random, hex, 146)}`),
  Facebook: token("EAA", mixed, 120),
  Mapbox: looks(
    (random) =>
      `sk.${Buffer.from(`{"u":"${draw(random, small, 8)}","a":"${draw(random, small + digits, 25)}"}`).toString("base64url")}.${draw(random, url, 22)}`,
  ),
  Adafruit: token("aio_", mixed, 28),
  Aiven: token("AVNS_", url, 19),
  Artifactory: token("AKCp", mixed, 69),
  "AWS MWS": looks((random) => `amzn.mws.${uuid(random)}`),
  Packagist: token("packagist_ort_", hex, 68),
  Razorpay: token("rzp_live_", mixed, 14),
  "crates.io": token("cio", mixed, 32),
  Clojars: token("CLOJARS_", small + digits, 60),
  Flutterwave: token("FLWSECK-", hex, 32, "-X"),
  "Frame.io": token("fio-u-", url, 64),
  OpenShift: token("sha256~", url, 43),
  Prefect: token("pnu_", small + digits, 36),
  ReadMe: token("rdme_", small + digits, 70),
  Honeycomb: looks((random) => `hcaik_01${draw(random, small + digits, 56)}`),
  LaunchDarkly: looks((random) => `api-${uuid(random)}`),
  "Teams webhook": looks(
    (random) =>
      `https://acme.webhook.office.com/webhookb2/${uuid(random)}@${uuid(random)}/IncomingWebhook/${draw(random, hex, 32)}/${uuid(random)}`,
  ),
  Infracost: token("ico-", mixed, 32),
  Harness: looks(
    (random) => `pat.${draw(random, url, 22)}.${draw(random, hex, 24)}.${draw(random, mixed, 20)}`,
  ),
  Scalingo: token("tk-us-", url, 48),
  Lob: token("live_pub_", hex, 31),
  "GitHub installation": token("ghs_", mixed, 36),
  "GitLab CI": token("glcbt-64_", url, 20),
  Anthropic: token("sk-ant-api03-", url, 93, "AA"),
  "OpenAI project": looks((random) => `sk-proj-${draw(random, url, 74)}T3BlbkFJ${draw(random, url, 74)}`),
  "AWS temporary": token("ASIA", `${capitals}234567`, 16),
};

/** Field names of applications, headers and settings. */
const fields: { readonly [name: string]: Secret } = {
  "Devise token": named(
    ["reset_password_token", "confirmation_token", "unlock_token", "remember_token"],
    url,
    20,
  ),
  "vendor secret": named(
    [
      "stripe_webhook_secret",
      "twilioAuthToken",
      "slack_signing_secret",
      "oauth_consumer_secret",
      "hubspot_api_key",
    ],
    mixed,
    34,
  ),
  "AWS secret": named(
    ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "secretAccessKey", "awsSecretKey"],
    base64,
    40,
  ),
  "database password": named(
    [
      "DATABASE_PASSWORD",
      "spring.datasource.password",
      "dbPassword",
      "mysql_root_password",
      "redis-password",
    ],
    `${mixed}!#%*+.:@^`,
    18,
  ),
  "short password": named(
    ["smtp_password", "ldap_bind_password", "wifiPassword", "ansible_become_pass", "sudo_pass"],
    mixed,
    8,
  ),
  "token header": named(
    ["X-Vault-Token", "PRIVATE-TOKEN", "X-Shopify-Access-Token", "X-Amz-Security-Token", "x-csrf-token"],
    mixed,
    40,
  ),
  "key header": named(
    ["X-Api-Key", "Ocp-Apim-Subscription-Key", "x-functions-key", "X-Auth-Key", "api-key"],
    mixed,
    32,
  ),
  "login link": named(
    ["magic_link_token", "inviteToken", "password_reset_token", "unsubscribe_token", "login_token"],
    url,
    32,
  ),
  "OAuth value": named(
    ["refresh_token", "client_secret", "id_token", "oauth_token_secret", "accessToken"],
    url,
    48,
  ),
  "application key": named(
    ["SECRET_KEY_BASE", "rails_master_key", "DJANGO_SECRET_KEY", "encryption_key", "jwtSecret"],
    hex,
    64,
  ),
  "one-time code": named(["otp_code", "sms_code", "two_factor_code", "verificationCode", "otp"], digits, 6),
  "card code": named(["cvv", "card_cvc", "cvv2", "securityCode"], digits, 3),
  "recovery word": named(
    ["recovery_code", "backup_code", "otp_secret", "totp_secret", "mfa_secret"],
    small + digits,
    16,
  ),
  session: named(["session_id", "sessionid", "_shop_session_id", "PHPSESSID", "sid_token"], mixed, 32),
  "account number": named(["account_number", "bankAccountNumber", "sort_code_account_number"], digits, 10),
  "social security, plain": {
    keys: ["ssn", "social_security_number"],
    make: (random) => `2${draw(random, digits, 8)}`,
  },
  "national insurance": {
    keys: ["nino", "national_insurance_number"],
    make: (random) => `AB${draw(random, digits, 6)}C`,
  },
  passport: { keys: ["passport_number", "passportNo"], make: (random) => `C${draw(random, digits, 8)}` },
  "national phone": {
    keys: ["phone", "mobile_phone", "contactPhone", "phone_number"],
    make: (random) => `0${draw(random, "123456789", 3)} ${draw(random, digits, 7)}`,
  },
  "private key field": named(["private_key", "sshPrivateKey", "tls_private_key", "signing_key"], base64, 64),
};

/** Cards, accounts, people, credentials: known by their looks. */
const people: { readonly [name: string]: Secret } = {
  "American Express": looks(card(["34", "37"], 15)),
  "American Express, groups": looks(card(["34", "37"], 15, [4, 6, 5], " ")),
  "Mastercard, series 2": looks(card(["2221", "2500", "2720"], 16)),
  "Visa, dashes": looks(card(["4"], 16, [4, 4, 4, 4], "-")),
  Discover: looks(card(["6011", "645", "65"], 16)),
  JCB: looks(card(["3528", "3589"], 16)),
  "IBAN of France": looks(iban("FR", "00000000000A00000000000".slice(0, 23), false)),
  "IBAN of Britain, groups": looks(iban("GB", "AAAA00000000000000", true)),
  "IBAN of the Netherlands": looks(iban("NL", "AAAA0000000000", false)),
  "IBAN of Switzerland, groups": looks(iban("CH", "00000000000000000", true)),
  "e-mail, tag": looks(
    (random) => `${draw(random, small, 7)}+${draw(random, small, 4)}@${draw(random, small, 6)}.co.uk`,
  ),
  "e-mail, capitals": looks(
    (random) =>
      `${draw(random, capitals, 1)}${draw(random, small, 6)}.${draw(random, capitals, 1)}${draw(random, small, 6)}@mail.${draw(random, small, 7)}.io`,
  ),
  "phone, E.164": looks((random) => `+1${draw(random, "23456789", 1)}${draw(random, digits, 9)}`),
  "phone, groups": looks(
    (random) => `+33 ${draw(random, "67", 1)} ${[1, 2, 3, 4].map(() => draw(random, digits, 2)).join(" ")}`,
  ),
  "social security": looks(
    (random) => `5${draw(random, digits, 2)}-${draw(random, "123456789", 2)}-${draw(random, "123456789", 4)}`,
  ),
  "JWT, elliptic": looks(
    (random) =>
      `${Buffer.from('{"alg":"ES256","kid":"k1"}').toString("base64url")}.${Buffer.from(`{"iss":"id","sub":"${draw(random, small, 12)}"}`).toString("base64url")}.${draw(random, url, 86)}`,
  ),
  "bcrypt of Devise": looks((random) => `$2a$11$${draw(random, `${mixed}./`, 53)}`),
  "hash of Django": looks(
    (random) => `pbkdf2_sha256$600000$${draw(random, mixed, 22)}$${draw(random, base64, 43)}=`,
  ),
};

export const unseenSecrets: { readonly [name: string]: Secret } = { ...vendors, ...fields, ...people };
