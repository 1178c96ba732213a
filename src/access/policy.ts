/**
 * Who may do what, all of it: what each role may, what each scope of a key may, and which right
 * each route needs. Everything that is not written here is refused; a route that is missing keeps
 * the server from starting. `docs/internals/access.md` tells how to add one.
 */
import { type AccessKind, type Stream, streams } from "../model/event.ts";

/** What a person or a key may be allowed, from least to most. */
export const rights = {
  see: "that jobs, runs and incidents are there, and how they went",
  read: "events with their texts: search, view, follow",
  prove: "proofs of events, and the state of the ledger",
  metrics: "figures for Prometheus",
  respond: "acknowledge, put off, note and resolve incidents",
  configure: "monitors, channels, the sample day and other settings",
  keys: "make and revoke the keys of machines",
  erase: "ask for the erasure of an event, and agree to what another asked for",
  people: "invite people, change what they may, end their sessions",
  send: "hand in events",
} as const;
export type Right = keyof typeof rights;

/** Parts of an event that are hidden from whoever may not read them. */
export const fieldGroups = {
  text: "messages, errors, stacks, and all other attributes",
  arguments: "arguments of jobs and of audited actions",
  output: "what commands and jobs printed",
  headers: "headers of requests",
  addresses: "network addresses",
} as const;
export type FieldGroup = keyof typeof fieldGroups;

export type Grant = {
  readonly rights: readonly Right[];
  /** Events of these are read; `audit` is never among them by chance. */
  readonly streams: readonly Stream[];
  readonly fields: readonly FieldGroup[];
};

const work: readonly Stream[] = ["jobs", "logs", "http"];
const everyField = Object.keys(fieldGroups) as FieldGroup[];

export const roles = {
  /** Sees that things ran and how; reads no text of anybody. */
  viewer: { rights: ["see"], streams: work, fields: [] },
  /** Is on call: reads what helps to put it right, and says what is done about it. */
  responder: { rights: ["see", "read", "respond"], streams: work, fields: ["text", "output"] },
  /** Looks into everything that applications did, and changes nothing. */
  analyst: { rights: ["see", "read", "prove"], streams: work, fields: everyField },
  /** Looks at who looked, and proves it; reads no line of the applications. */
  auditor: {
    rights: ["see", "read", "prove"],
    streams: ["audit"],
    fields: ["text", "arguments", "addresses"],
  },
  administrator: {
    rights: ["see", "read", "prove", "metrics", "respond", "configure", "keys", "erase", "people"],
    streams,
    fields: everyField,
  },
} as const satisfies Record<string, Grant>;
export type Role = keyof typeof roles;
export const roleNames = Object.keys(roles) as readonly Role[];

export function isRole(text: string): text is Role {
  return Object.hasOwn(roles, text);
}

/** What a key of a machine may, by its scope; with several scopes, all of it together. */
export const scopes = {
  send: { rights: ["send"], streams: [], fields: [] },
  read: roles.analyst,
  metrics: { rights: ["metrics"], streams: [], fields: [] },
  verify: { rights: ["prove"], streams, fields: [] },
  admin: roles.administrator,
} as const satisfies Record<string, Grant>;
export type Scope = keyof typeof scopes;
export const scopeNames = Object.keys(scopes) as readonly Scope[];

/**
 * `anyone`: nothing in the answer is a secret. `signed in`: any person or key, about itself.
 * `sender`: a key with the right `send`, in whatever form the route's protocol carries it; the
 * route asks the keyring before it reads the body.
 */
export type Need = Right | "anyone" | "signed in" | "sender";

/** Each route by method and address. `HEAD` needs what `GET` needs. */
export const routes: Readonly<Record<string, Need>> = {
  "GET /": "anyone",
  "GET /assets/*": "anyone",
  "GET /healthz": "anyone",
  "GET /api/v1/openapi.json": "anyone",
  // Hashes and signatures: witnesses and verifiers compare them without being known here.
  "GET /ledger/key": "anyone",
  "GET /ledger/*": "anyone",
  // Proves itself by the signature of a ledger that is known here.
  "POST /witness/add-checkpoint": "anyone",
  "GET /api/v1/ledger": "see",

  // Who is not signed in yet must be able to. What these answer is the same for everybody unknown.
  "GET /api/v1/me": "anyone",
  "POST /api/v1/sign-in": "anyone",
  "POST /api/v1/sign-in/passkey/options": "anyone",
  "POST /api/v1/sign-in/passkey": "anyone",
  "GET /sign-in/provider": "anyone",
  "GET /sign-in/callback": "anyone",
  "POST /api/v1/enrolments/use": "anyone",
  "POST /api/v1/invitations/read": "anyone",
  "POST /api/v1/invitations/accept": "anyone",

  "POST /v1/events": "sender",
  "POST /api/v1/enrolments/renew": "sender",

  "POST /api/v1/sign-out": "signed in",
  "GET /api/v1/me/sessions": "signed in",
  "DELETE /api/v1/me/sessions/:id": "signed in",
  "POST /api/v1/me/password": "signed in",
  "POST /api/v1/me/passkeys/options": "signed in",
  "POST /api/v1/me/passkeys": "signed in",
  "POST /api/v1/me/passkeys/:id/remove": "signed in",
  "POST /api/v1/me/codes": "signed in",
  "POST /api/v1/me/codes/confirm": "signed in",
  "POST /api/v1/me/codes/remove": "signed in",

  "GET /metrics": "metrics",

  "GET /api/v1/overview": "see",
  "GET /api/v1/jobs": "see",
  "GET /api/v1/jobs/baseline": "see",
  "GET /api/v1/runs": "see",
  "GET /api/v1/runs/:id": "see",
  "GET /api/v1/why": "see",
  "GET /api/v1/incidents": "see",
  "GET /api/v1/incidents/:id": "see",
  "GET /api/v1/monitors": "see",
  "GET /api/v1/monitor": "see",
  "GET /api/v1/drift": "see",
  "GET /api/v1/channels": "see",
  "GET /api/v1/silences": "see",
  "GET /api/v1/sample": "see",
  "GET /api/v1/schedule": "see",
  "GET /api/v1/failures": "see",
  "GET /api/v1/jobs/days": "see",
  "GET /api/v1/queues": "see",
  "GET /api/v1/workers": "see",
  "GET /api/v1/puma": "see",
  "GET /api/v1/debug": "see",

  "GET /api/v1/events": "read",
  "GET /api/v1/events/:id": "read",
  "GET /api/v1/histogram": "read",
  "GET /api/v1/export": "read",
  "GET /api/v1/searches": "read",
  "POST /api/v1/searches": "read",
  "DELETE /api/v1/searches/:id": "read",
  "GET /api/v1/values": "read",
  "GET /api/v1/tail": "read",

  "GET /api/v1/events/:id/proof": "prove",

  "POST /api/v1/incidents/:id/acknowledge": "respond",
  "POST /api/v1/incidents/:id/resolve": "respond",
  "POST /api/v1/incidents/:id/note": "respond",
  "POST /api/v1/incidents/:id/snooze": "respond",
  "POST /api/v1/silences": "respond",
  "POST /api/v1/silences/:id/end": "respond",
  // The token in the body is the right, for one incident.
  "POST /api/v1/links/read": "anyone",
  "POST /api/v1/links/acknowledge": "anyone",

  "PUT /api/v1/monitors": "configure",
  "POST /api/v1/channels/:id/test": "configure",
  "POST /api/v1/debug": "configure",
  "DELETE /api/v1/debug/:id": "configure",
  "POST /api/v1/sample": "configure",
  "DELETE /api/v1/sample": "configure",

  "GET /api/v1/keys": "keys",
  "POST /api/v1/keys": "keys",
  "POST /api/v1/enrolments": "keys",
  "POST /api/v1/keys/:id/rotate": "keys",
  "DELETE /api/v1/keys/:id": "keys",

  // Two persons, each with the right.
  "GET /api/v1/erasures": "erase",
  "POST /api/v1/events/:id/erasure": "erase",
  "POST /api/v1/erasures/:id/approve": "erase",
  "POST /api/v1/erasures/:id/refuse": "erase",

  "GET /api/v1/doctor": "configure",
  "GET /api/v1/retention": "see",
  "POST /api/v1/retention/agree": "configure",
  // Holds no text of anybody but of who asks.
  "POST /api/v1/redaction/test": "see",
  "GET /api/v1/redaction/classes": "see",

  "GET /api/v1/people": "people",
  "POST /api/v1/people": "people",
  "PUT /api/v1/people/:id": "people",
  "DELETE /api/v1/people/:id": "people",
  "POST /api/v1/people/:id/reset": "people",
  "GET /api/v1/sessions": "people",
  "DELETE /api/v1/sessions/:id": "people",
};

/** Figures that the page and Prometheus ask for all the time; they hold no text of anybody. */
const unrecorded: ReadonlySet<string> = new Set([
  "GET /api/v1/overview",
  "GET /api/v1/sample",
  "GET /metrics",
  // These record themselves what was asked for, which stands in no address.
  "POST /api/v1/debug",
  "DELETE /api/v1/debug/:id",
]);

/** Changes that have a word of their own; others are `sensitive_update` or `sensitive_delete`. */
const changes: Readonly<Record<string, AccessKind>> = {
  "POST /api/v1/sign-out": "access.session_ended",
  "DELETE /api/v1/me/sessions/:id": "access.session_ended",
  "DELETE /api/v1/sessions/:id": "access.session_ended",
  "POST /api/v1/me/password": "access.authn_password_change",
  "POST /api/v1/me/passkeys": "access.authn_factor_change",
  "POST /api/v1/me/passkeys/:id/remove": "access.authn_factor_change",
  "POST /api/v1/me/codes": "access.authn_factor_change",
  "POST /api/v1/me/codes/confirm": "access.authn_factor_change",
  "POST /api/v1/me/codes/remove": "access.authn_factor_change",
  "POST /api/v1/keys": "access.authn_token_created",
  "POST /api/v1/enrolments": "access.authn_token_created",
  "POST /api/v1/keys/:id/rotate": "access.authn_token_created",
  "DELETE /api/v1/keys/:id": "access.authn_token_revoked",
  "POST /api/v1/people": "access.user_created",
  "PUT /api/v1/people/:id": "access.authz_change",
  "DELETE /api/v1/people/:id": "access.user_updated",
  "POST /api/v1/people/:id/reset": "access.user_updated",
};

/** As what a request is recorded that this route has answered; `undefined` where it is not. */
export function recordedAs(method: string, url: string): AccessKind | undefined {
  const name = `${method === "HEAD" ? "GET" : method} ${url}`;
  const need = needOf(method, url);
  if (need === "anyone" || need === "sender" || unrecorded.has(name)) return undefined;
  if (name.startsWith("GET ")) return "access.sensitive_read";
  return changes[name] ?? (method === "DELETE" ? "access.sensitive_delete" : "access.sensitive_update");
}

/** What a route needs; `undefined` where nobody has written it down. */
export function needOf(method: string, url: string): Need | undefined {
  const name = `${method === "HEAD" ? "GET" : method} ${url}`;
  return Object.hasOwn(routes, name) ? routes[name] : undefined;
}
