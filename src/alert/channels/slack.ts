/** Slack's incoming webhooks. The address is the secret. */
import type { ChannelKind } from "../channel.ts";
import { postTo } from "../http.ts";

export const slack: ChannelKind = {
  fields: { url: { form: "secret", required: true, about: "the address of the incoming webhook" } },
  hearsAcknowledgements: false,
  make(settings, { clock }) {
    const url = settings.text("url") ?? "";
    return async (_message, { heading, lines, link }) => {
      const blocks = [
        { type: "section", text: { type: "mrkdwn", text: `*${escaped(heading)}*` } },
        { type: "section", text: { type: "plain_text", text: lines.slice(2).join("\n").slice(0, 2900) } },
        ...(link === undefined
          ? []
          : [{ type: "section", text: { type: "mrkdwn", text: `<${escaped(link)}|Open>` } }]),
      ];
      return await postTo(url, {
        body: JSON.stringify({ text: escaped(heading), blocks }),
        headers: {},
        clock,
      });
    };
  },
};

/** As Slack asks for it; nothing of an incident can become a mention or a link. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
