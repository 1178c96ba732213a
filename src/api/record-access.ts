/**
 * Has every answer recorded before it is given: who asked what, from where, and how many rows it
 * got. A refusal is recorded too. What the policy lets anyone ask is not.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Actor } from "../access/actor.ts";
import type { AccessEntry, Journal } from "../access/journal.ts";
import { recordedAs } from "../access/policy.ts";
import type { AccessKind, Json } from "../model/event.ts";
import { Fault, type FaultCode } from "../model/fault.ts";
import { hideOpaque } from "../redact/opaque.ts";
import type { Api } from "./parts.ts";

/** Refusals that say something about who asked, and as what they are recorded. */
const refusals: Readonly<Partial<Record<FaultCode, AccessKind>>> = {
  KEY_INVALID: "access.authn_login_fail",
  RIGHT_MISSING: "access.authz_fail",
  SIGN_IN_NEEDED: "access.authz_fail",
  REQUEST_REFUSED: "access.authz_fail",
};
const queryLengthMax = 4000;

export function recordAccess(server: Api, journal: Journal): void {
  const recorded = new WeakSet<FastifyRequest>();

  async function record(request: FastifyRequest, reply: FastifyReply, rows?: number): Promise<void> {
    const { actor, method, routeOptions } = request;
    const kind = recordedAs(method, routeOptions.url ?? "");
    if (recorded.has(request) || actor === undefined || kind === undefined || reply.statusCode >= 400) return;
    recorded.add(request);
    const entry = entryOf(request, actor, kind, rows);
    if (kind === "access.sensitive_read") await journal.recordOnce(sameAs(request, actor), entry);
    else await journal.record(entry);
  }

  // A change that cannot be recorded is not made.
  server.addHook("preHandler", async ({ method }) => {
    if (method !== "GET" && method !== "HEAD") await journal.check();
  });
  // A stream has no end at which it could be recorded.
  server.addHook("preHandler", async (request, reply) => {
    if (request.routeOptions.url === "/api/v1/tail") await record(request, reply);
  });
  server.addHook("preSerialization", async (request, reply, payload) => {
    await record(request, reply, rowsIn(payload));
    return payload;
  });
  server.addHook("onSend", async (request, reply, payload) => {
    await record(request, reply);
    return payload;
  });
  server.addHook("onError", async (request, _reply, error) => {
    const kind = error instanceof Fault ? refusals[error.code] : undefined;
    if (kind === undefined) return;
    const { actor } = request;
    const entry = { ...entryOf(request, actor, kind), outcome: "failure" as const };
    // Whoever is not known could ask for ever new things: all of it is one thing.
    const key = actor
      ? kind + sameAs(request, actor)
      : JSON.stringify([kind, request.ip, request.routeOptions.url]);
    // It is refused in any case.
    await journal.recordOnce(key, entry).catch(() => undefined);
  });
}

function rowsIn(payload: unknown): number | undefined {
  const rows = (payload as { readonly rows?: unknown } | null)?.rows;
  return Array.isArray(rows) ? rows.length : undefined;
}

/** Reading the same once more: by the same session, the same question, any page of it. */
function sameAs(request: FastifyRequest, { id, sessionId }: Actor): string {
  const { cursor: _cursor, ...question } = (request.query ?? {}) as Record<string, unknown>;
  return JSON.stringify([id, sessionId, request.ip, request.method, request.url.split("?", 1)[0], question]);
}

function entryOf(
  request: FastifyRequest,
  actor: Actor | undefined,
  kind: AccessKind,
  rows?: number,
): AccessEntry {
  const route = `${request.method} ${request.routeOptions.url ?? "an address without a route"}`;
  const who = actor?.name ?? "unknown";
  const session = actor?.sessionId?.slice(0, 12);
  const { operationId = route } = (request.routeOptions.schema ?? {}) as { operationId?: string };
  return {
    kind,
    actor: who,
    outcome: "success",
    message: `${who}: ${operationId}`,
    attributes: {
      route,
      address: request.ip,
      ...(actor && { by: actor.by, who: actor.kind }),
      ...(session !== undefined && { session }),
      ...(rows !== undefined && { rows }),
      ...textOf("query", request.query),
      ...textOf("subject", request.params),
      ...(actor && kind === "access.sensitive_read" && { streams: [...actor.streams] }),
    },
  };
}

/** What was asked, decoded, so that redaction sees it as it was typed. */
function textOf(name: string, value: unknown): Readonly<Record<string, Json>> {
  const members = Object.entries((value ?? {}) as Record<string, unknown>).filter(
    ([key]) => key !== "cursor",
  );
  if (members.length === 0) return {};
  const text = members.map(([key, one]) => `${key}: ${String(one)}`).join("\n");
  return { [name]: hideOpaque(text.slice(0, queryLengthMax)) };
}
