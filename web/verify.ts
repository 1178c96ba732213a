/**
 * Verifies one event in this browser. The ledger's key is remembered when it is first seen, and from
 * then on no other is believed.
 */
import type { StoredEvent } from "../src/store/store.ts";
import { address } from "./ask.ts";
import { judgeProof } from "./proof.ts";

const pinnedName = "midwatch.ledger.key";

export type Said = { readonly good: boolean; readonly text: string };

export async function verifyHere(event: StoredEvent): Promise<Said> {
  const bad = (text: string): Said => ({ good: false, text });
  // Browsers give their cryptography to secure addresses only.
  if (globalThis.crypto?.subtle === undefined)
    return bad("This browser verifies only at an https address or at localhost.");
  try {
    const [key, proof] = await Promise.all([read("/ledger/key"), read(address(`/events/${event.id}/proof`))]);
    const pinned = localStorage.getItem(pinnedName) ?? key;
    if (pinned !== key) return bad("The server shows another key than this browser remembers.");
    localStorage.setItem(pinnedName, key);
    const verdict = await judgeProof(proof, pinned);
    if (!verdict.proven) return bad(`Not proven: ${verdict.because}.`);
    if (verdict.id !== event.id) return bad("The proof is of another event.");
    const shown = event as unknown as Readonly<Record<string, unknown>>;
    const other = Object.entries(verdict.texts).filter(
      ([name, text]) => shown[name] !== undefined && shown[name] !== text,
    );
    const hidden =
      other.length === 0
        ? ""
        : ` Shown otherwise than sealed, or hidden from you: ${other.map(([name]) => name).join(", ")}.`;
    return {
      good: other.length === 0,
      text: `Proven: sealed in segment ${verdict.segment}, signed by ${verdict.origin} at ${verdict.size} entries.${hidden}`,
    };
  } catch (error) {
    return bad(error instanceof Error ? error.message : "The proof could not be read.");
  }
}

async function read(url: string): Promise<string> {
  const answer = await fetch(url);
  const text = (await answer.text()).trimEnd();
  if (answer.ok) return `${text}${url === "/ledger/key" ? "" : "\n"}`;
  throw new Error(`The server gives no proof (${answer.status}).`);
}
