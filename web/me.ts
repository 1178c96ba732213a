/** Who looks at the page, and what that one may. Read when the page begins and whenever it changes. */
import { signal } from "@preact/signals";
import type { Right } from "../src/access/policy.ts";
import type { Me } from "../src/api/access-schemas.ts";
import { AskFault, address, ask, change, signInNeeded } from "./ask.ts";

/** Undefined until the server has said it. */
export const me = signal<Me | undefined>(undefined);

export async function readMe(): Promise<void> {
  try {
    me.value = await ask<Me>(address("/me"));
    signInNeeded.value = false;
  } catch (error) {
    if (!(error instanceof AskFault)) throw error;
    // The server is away; the strip says so, and we ask again.
    setTimeout(() => void readMe(), 2000);
  }
}

export function may(right: Right): boolean {
  return me.value?.me?.rights.includes(right) ?? false;
}

export async function signOut(): Promise<void> {
  await change("POST", address("/sign-out"));
  // Anew, so that nothing that was read stays in memory.
  location.assign("/");
}
