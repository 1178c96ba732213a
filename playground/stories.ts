/** The stories of the shop and of billing, and how the run of each must end. */
import type { RunState } from "../src/model/run.ts";

export type Story = {
  readonly name: string;
  readonly job: string;
  readonly state: RunState;
  /** States of its attempts, first to last. */
  readonly attempts: readonly RunState[];
};

export const stories: readonly Story[] = [
  { name: "succeeds", job: "InvoiceJob", state: "succeeded", attempts: ["succeeded"] },
  { name: "heals", job: "ChargeCardJob", state: "succeeded", attempts: ["retrying", "succeeded"] },
  { name: "fails", job: "WebhookDelivery", state: "failed", attempts: ["retrying", "retrying", "failed"] },
  { name: "is discarded", job: "NewsletterJob", state: "discarded", attempts: ["discarded"] },
  { name: "is delayed", job: "Order#make_thumbnail", state: "succeeded", attempts: ["succeeded"] },
  { name: "hangs", job: "InventorySync", state: "failed", attempts: ["failed"] },
  { name: "leaks", job: "AccountImport", state: "failed", attempts: ["failed"] },
  { name: "leaks without names", job: "SignInJob", state: "discarded", attempts: ["discarded"] },
  { name: "asks for others", job: "MonthEnd", state: "succeeded", attempts: ["succeeded"] },
  { name: "is unloadable", job: "LegacyImport", state: "failed", attempts: ["failed"] },
  // Last: it takes its worker with it.
  { name: "kills its worker", job: "NightlyExport", state: "lost", attempts: ["lost"] },
];

/** Of billing, as `billing/stories.py` tells them: the state its run ends in, and the states of its attempts. */
export const taskStories: readonly (readonly [string, RunState, readonly RunState[]])[] = [
  ["succeeds", "succeeded", ["succeeded"]],
  ["heals", "succeeded", ["retrying", "succeeded"]],
  ["fails after retries", "failed", ["retrying", "retrying", "failed"]],
  ["fails", "failed", ["failed"]],
  ["is skipped", "discarded", ["discarded"]],
  ["is refused", "discarded", ["discarded"]],
  ["expired", "cancelled", ["cancelled"]],
  ["chain", "succeeded", ["succeeded"]],
  ["asks for others", "succeeded", ["succeeded"]],
  ["unknown", "failed", ["failed"]],
  ["revoked", "cancelled", ["cancelled"]],
  ["terminated", "cancelled", ["cancelled"]],
  ["hard limit", "failed", ["failed"]],
  ["soft limit", "failed", ["failed"]],
  ["killed", "lost", ["lost"]],
];

/** Planted beside the secrets in an argument and a log line; must be found. */
export const marker = "harmless-marker-8841";

/** Planted in the arguments and errors of the stories; must be found nowhere. */
export const planted: readonly string[] = [
  "hunter2-planted",
  "sk_live_plantedplanted",
  "4111111111111111",
  "planted-pg-secret",
];
