/**
 * What every request must pass and every answer carries, whatever the route: the check against
 * DNS rebinding, the checks against requests that another site makes a browser send, and the
 * headers that forbid a browser everything the page does not need.
 */
import { isIP, isIPv4 } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AccessMode } from "../access/access.ts";
import { Fault } from "../model/fault.ts";

/** Only these may be sent without the header that a foreign site cannot set: what they carry is signed or keyed. */
const keyedPaths: ReadonlySet<string> = new Set(["/v1/events", "/witness/add-checkpoint"]);

const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
  // A route whose answer may be kept says so itself.
  "cache-control": "no-store",
};

export function setSecurityHeaders(reply: FastifyReply, isTls: boolean): void {
  reply.headers(securityHeaders);
  // Once seen over TLS, a browser comes back over TLS only.
  if (isTls) reply.header("strict-transport-security", "max-age=31536000");
}

/** Throws a `Fault` for a request that must not be answered. */
export function guardRequest(request: FastifyRequest, isOurs: (host: string) => boolean): void {
  const host = request.headers.host ?? "";
  if (!isOurs(host)) {
    throw new Fault(
      "HOST_REFUSED",
      "This server does not answer by this name; the setting `hosts` lists those by which it does.",
    );
  }
  const path = request.url.split("?", 1)[0] ?? "";
  const site = request.headers["sec-fetch-site"];
  const ownSite = site === undefined || site === "same-origin" || site === "none";
  if (path.startsWith("/api/") && !ownSite) {
    throw new Fault("REQUEST_REFUSED", "Another site may not ask this server through a browser.");
  }
  if (request.method === "GET" || request.method === "HEAD" || keyedPaths.has(path)) return;
  if (request.headers["midwatch-request"] !== "1") {
    throw new Fault(
      "REQUEST_REFUSED",
      "A request that changes something needs the header `Midwatch-Request: 1`.",
    );
  }
  const { origin } = request.headers;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new Fault("REQUEST_REFUSED", "Another site may not change anything on this server.");
  }
}

/**
 * Names by which we may be asked: another one may be somebody's who points it here, so that a
 * browser takes his page for ours. An address cannot be pointed anywhere.
 */
export function ownHosts(hosts: readonly string[], access: AccessMode): (host: string) => boolean {
  const known = new Set(hosts);
  return (host) => {
    if (isLoopbackHost(host)) return true;
    if (access === "open") return false;
    const name = nameIn(host);
    return name !== undefined && (known.has(name) || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0);
  };
}

function nameIn(host: string): string | undefined {
  return /^(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase();
}

/** `localhost`, `127.0.0.0/8` and `[::1]`, with or without a port. */
export function isLoopbackHost(host: string): boolean {
  const name = nameIn(host);
  if (name === undefined) return false;
  return name === "localhost" || name === "[::1]" || (isIPv4(name) && name.startsWith("127."));
}
