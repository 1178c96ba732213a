/**
 * The event: one immutable fact with a time. The closed lists of streams, kinds, severities and
 * outcomes, and the two types between which redaction stands.
 */
import type { FieldName, fields } from "./fields.ts";

export const streams = ["jobs", "logs", "http", "audit"] as const;
export type Stream = (typeof streams)[number];

/** Severities from least to most; the index orders them. */
export const severities = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Severity = (typeof severities)[number];

/**
 * Every kind and the stream it belongs to. `access.` is a family: `access.search`, `access.view`
 * and so on are made by the server alone.
 */
export const kinds = {
  "job.enqueued": "jobs",
  "job.scheduled": "jobs",
  "job.started": "jobs",
  "job.heartbeat": "jobs",
  "job.succeeded": "jobs",
  "job.failed": "jobs",
  "job.retried": "jobs",
  "job.discarded": "jobs",
  "job.cancelled": "jobs",
  "job.lost": "jobs",
  "job.output": "jobs",
  "schedule.declared": "jobs",
  "schedule.installed": "jobs",
  "worker.started": "jobs",
  "worker.heartbeat": "jobs",
  "worker.stopped": "jobs",
  "worker.lost": "jobs",
  log: "logs",
  "http.request": "http",
  "audit.action": "audit",
  "puma.stats": "logs",
  "metrics.sample": "logs",
  "redaction.summary": "logs",
  "source.gap": "logs",
} as const satisfies Record<string, Stream>;

/**
 * What people and keys did in Midwatch, in the words of the OWASP Logging Vocabulary where it has
 * one. Only the server itself records these; they belong to the stream `audit`.
 */
export const accessKinds = [
  "access.authn_login_success",
  "access.authn_login_fail",
  "access.authn_login_fail_max",
  "access.authn_password_change",
  "access.authn_token_created",
  "access.authn_token_revoked",
  "access.authn_token_reuse",
  "access.authn_factor_change",
  "access.authz_fail",
  "access.authz_change",
  "access.authz_admin",
  "access.session_created",
  "access.session_ended",
  "access.user_created",
  "access.user_updated",
  "access.sensitive_read",
  "access.sensitive_update",
  "access.sensitive_delete",
  "access.sys_startup",
  "access.sys_shutdown",
  "access.sys_monitor_disabled",
  "access.sys_monitor_enabled",
] as const;
export type AccessKind = (typeof accessKinds)[number];

export type Kind = keyof typeof kinds | `access.${string}`;

export function isKind(text: string): text is Kind {
  return Object.hasOwn(kinds, text) || /^access\.[a-z_]{1,57}$/.test(text);
}

/** The stream that a kind belongs to. */
export function streamOf(kind: Kind): Stream {
  return Object.hasOwn(kinds, kind) ? kinds[kind as keyof typeof kinds] : "audit";
}

/** Services of the sample day begin with this mark, so that it is told apart and removed whole. */
export const sampleMark = "sample:";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

type ValueOf<Name extends FieldName> = (typeof fields)[Name]["form"] extends "integer" | "number"
  ? number
  : string;

/**
 * An event as records carry it: absent fields are absent, never null or empty. Times are RFC 3339
 * text in UTC with six digits of fraction (`2026-11-21T01:26:44.000123Z`).
 */
export type EventRecord = {
  readonly id: string;
  readonly time: string;
  readonly stream: Stream;
  readonly kind: Kind;
  readonly severity?: Severity;
  /** Any other JSON, at most 64 KiB as text. */
  readonly attributes?: { readonly [key: string]: Json };
} & {
  readonly [Name in Exclude<FieldName, "id" | "time" | "stream" | "kind" | "severity">]?: ValueOf<Name>;
};

declare const raw: unique symbol;
declare const safe: unique symbol;

/** A well-formed event that may still hold secrets. Made by `receive/`. */
export type RawEvent = EventRecord & { readonly [raw]: true };

/** An event that redaction has passed. Only `redact/` makes one; the store takes nothing else. */
export type SafeEvent = EventRecord & { readonly [safe]: true };
