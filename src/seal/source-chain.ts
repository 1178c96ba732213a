/**
 * The chain over what one sender sends: each batch names the head before it and its own, which is a
 * hash over the former and its body. So a batch that was acknowledged to the sender by somebody else,
 * or taken out on the way, is missed by the next one that comes.
 */
import { hash } from "node:crypto";
import type { SourceChain } from "../model/intake.ts";

/** The head before the first batch. */
export const chainStart: Pick<SourceChain, "count" | "head"> = { count: 0, head: "0".repeat(64) };

/** The link that a body makes, as it is sent. */
export function nextLink(
  { count, head }: Pick<SourceChain, "count" | "head">,
  body: Uint8Array,
): SourceChain {
  const link = hash("sha256", body, "hex");
  return { count: count + 1, previous: head, head: hash("sha256", `${head}\n${link}`, "hex") };
}

export function formatChain({ count, previous, head }: SourceChain): string {
  return `${count}/${previous}/${head}`;
}

/** `undefined` for a text that `formatChain` never makes. */
export function parseChain(text: string): SourceChain | undefined {
  const [, count, previous, head] = /^([1-9]\d{0,14})\/([0-9a-f]{64})\/([0-9a-f]{64})$/.exec(text) ?? [];
  if (count === undefined || previous === undefined || head === undefined) return undefined;
  return { count: Number(count), previous, head };
}

/** Whether the body is the one that the link was made of. */
export function isLinkOf(link: SourceChain, body: Uint8Array): boolean {
  return nextLink({ count: link.count - 1, head: link.previous }, body).head === link.head;
}

export type ChainJudgement =
  | { readonly kind: "continued" }
  /** The newest batch again; its answer was lost. */
  | { readonly kind: "repeated" }
  /** `missing`: batches that the sender counts and that never came; 0 where its count goes back. */
  | { readonly kind: "broken"; readonly missing: number };

/** Judges a link against the newest one that came from the same sender, if any did. */
export function judgeChain(kept: SourceChain | undefined, link: SourceChain): ChainJudgement {
  // Of a sender that is new here, only one that says so itself has lost nothing.
  const before = kept ?? { ...chainStart, previous: "" };
  if (link.previous === before.head) return { kind: "continued" };
  if (link.count === before.count && link.previous === before.previous) return { kind: "repeated" };
  return { kind: "broken", missing: Math.max(0, link.count - before.count - 1) };
}
