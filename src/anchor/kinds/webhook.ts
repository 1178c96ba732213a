/** Any HTTP receiver, signed in the form of Standard Webhooks, as the channel `webhook` is. */
import { signedPoster, webhookFields } from "../../alert/channels/webhook.ts";
import type { AnchorKind } from "../anchor.ts";

export const webhook: AnchorKind = {
  fields: webhookFields,
  everySeconds: 60,
  make(settings, { clock }) {
    const post = signedPoster(settings, clock);
    return async ({ head }) => {
      const body = JSON.stringify({
        type: "ledger.checkpoint",
        timestamp: new Date(clock()).toISOString(),
        data: { origin: head.origin, size: head.size, checkpoint: head.note },
      });
      return await post(`checkpoint-${head.size}-${rootMark(head.root)}`, body);
    };
  },
};

/** So that two heads of one size never go under one id. */
function rootMark(root: Uint8Array): string {
  return Buffer.from(root.subarray(0, 8)).toString("hex");
}
