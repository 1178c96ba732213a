/** Signing in at an OpenID provider: the browser is sent there, and comes back with a code. */

import { Fault } from "../../model/fault.ts";
import { cookieIn, setCookie } from "../cookies.ts";
import type { AddRoutes } from "../parts.ts";
import { keepSession, noteSignIn, surroundingsOf } from "./session.ts";

const minutesSeconds = 600;
/** Read by the form to sign in, which says it in words. */
const refusedPlace = "/#refused";

export const addProviderRoutes: AddRoutes = (server, parts) => {
  const { access, journal, report } = parts;
  const provider = () => {
    if (access.provider === undefined) throw new Fault("NOT_FOUND", "No OpenID provider is set up.");
    return access.provider;
  };

  server.get("/sign-in/provider", { schema: { hide: true } }, async (request, reply) => {
    const redirect = `${parts.pageAddress ?? `${access.secure ? "https" : "http"}://${request.host}`}/sign-in/callback`;
    const { address, state } = await provider().begin(redirect);
    // Lax: the browser comes back from another site, and must bring this along.
    setCookie(reply, access.secure, {
      name: "provider",
      value: state,
      secondsMax: minutesSeconds,
      sameSite: "Lax",
    });
    return await reply.redirect(address, 303);
  });

  server.get("/sign-in/callback", { schema: { hide: true } }, async (request, reply) => {
    const from = surroundingsOf(request);
    const state = cookieIn(request.headers.cookie, "provider", access.secure);
    setCookie(reply, access.secure, { name: "provider", value: "" });
    try {
      const callback = new URL(request.url, "http://callback");
      const person = await provider().finish(callback, state);
      await noteSignIn(journal, person.name, from, "access.authn_login_success");
      await keepSession(reply, parts, await access.people.begin(person, "provider", from));
      return await reply.redirect("/", 303);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "SIGN_IN_REFUSED") throw error;
      report(
        "warn",
        `A sign-in at the OpenID provider was refused: ${error.message}${reasonOf(error.cause)}`,
      );
      await noteSignIn(journal, "unknown", from, "access.authn_login_fail").catch(() => undefined);
      return await reply.redirect(refusedPlace, 303);
    }
  });
};

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? ` (${cause.message})` : "";
}
