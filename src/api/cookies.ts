/**
 * The cookies of the page. Scripts cannot read them, other sites cannot make a browser send them,
 * and over TLS their name says that they came from this very host (`__Host-`, RFC 6265bis).
 */
import type { FastifyReply } from "fastify";

/** `known` outlives the session: it says that a person has signed in from this browser before. */
export type CookieName = "session" | "known" | "provider";

const nameOf = (name: CookieName, secure: boolean): string => `${secure ? "__Host-" : ""}midwatch-${name}`;

export function cookieIn(header: string | undefined, name: CookieName, secure: boolean): string | undefined {
  const wanted = `${nameOf(name, secure)}=`;
  const found = (header ?? "").split(/; */).find((pair) => pair.startsWith(wanted));
  const value = found?.slice(wanted.length);
  return value === "" ? undefined : value;
}

export type Cookie = {
  readonly name: CookieName;
  /** In letters of base64url and dots; empty removes the cookie. */
  readonly value: string;
  readonly secondsMax?: number;
  /** `Lax` lets it come along when another site sends the browser here. */
  readonly sameSite?: "Strict" | "Lax";
};

export function setCookie(reply: FastifyReply, secure: boolean, cookie: Cookie): void {
  const { name, value, secondsMax, sameSite = "Strict" } = cookie;
  const parts = [
    `${nameOf(name, secure)}=${value}`,
    "Path=/",
    "HttpOnly",
    `SameSite=${sameSite}`,
    ...(secure ? ["Secure"] : []),
    ...(value === "" ? ["Max-Age=0"] : secondsMax === undefined ? [] : [`Max-Age=${secondsMax}`]),
  ];
  reply.header("set-cookie", parts.join("; "));
}
