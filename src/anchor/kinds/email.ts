/** A digest by e-mail, once a day: a mailbox is a memory that nobody on the server can reach. */
import { mailer, mailFields } from "../../alert/channels/email.ts";
import type { AnchorKind } from "../anchor.ts";

export const email: AnchorKind = {
  fields: mailFields,
  everySeconds: 86_400,
  make(settings) {
    const send = mailer(settings);
    return async ({ head, lastSize }) => {
      const news =
        lastSize === 0 ? "the first of these mails" : `${head.size - lastSize} more than in the last one`;
      const lines = [
        `The ledger of ${head.origin} has ${head.size} entries, ${news}.`,
        "",
        "Keep this mail. If the server is ever in doubt, save it as a file and run:",
        "",
        "  midwatch verify --key KEY --checkpoint FILE",
        "",
        head.note,
      ];
      return await send({
        id: `checkpoint-${head.size}-${Buffer.from(head.root.subarray(0, 8)).toString("hex")}`,
        conversation: `ledger-${Buffer.from(head.origin).toString("hex").slice(-32)}`,
        subject: `Ledger of ${head.origin}: ${head.size} entries`,
        text: lines.join("\n"),
        headers: { "X-Midwatch-Tiding": "checkpoint" },
      });
    };
  },
};
