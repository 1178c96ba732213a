/** The browser's part of passkeys. Loaded only where one is made or used. */
import { startAuthentication, startRegistration } from "@simplewebauthn/browser";
import type { PasskeyOptions } from "../src/api/access-schemas.ts";
import { address, change } from "./ask.ts";

/** Says in words what the browser or the device did not want; a fault of the server is thrown. */
async function withDevice<T>(work: () => Promise<T>): Promise<T | string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && (error.name === "NotAllowedError" || error.name === "AbortError")) {
      return "The device did not answer, or you did not want it to.";
    }
    if (error instanceof Error && error.name === "InvalidStateError")
      return "This device has a passkey already.";
    if (error instanceof Error && error.name === "SecurityError") {
      return "Passkeys need a name and not an address: open the page as localhost, or by the host's name over TLS.";
    }
    throw error;
  }
}

/** Answers what went wrong, or nothing. */
export async function makePasskey(name: string, password: string): Promise<string> {
  const proof = password === "" ? {} : { password };
  const { options } = await change<PasskeyOptions>("POST", address("/me/passkeys/options"), proof);
  const response = await withDevice(() => startRegistration({ optionsJSON: options as never }));
  if (typeof response === "string") return response;
  await change("POST", address("/me/passkeys"), { name, response });
  return "";
}

export async function signInWithPasskey(): Promise<string> {
  const { options } = await change<PasskeyOptions>("POST", address("/sign-in/passkey/options"));
  const response = await withDevice(() => startAuthentication({ optionsJSON: options as never }));
  if (typeof response === "string") return response;
  await change("POST", address("/sign-in/passkey"), { response });
  return "";
}
