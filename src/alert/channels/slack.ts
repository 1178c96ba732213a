/** Slack's incoming webhooks. The address is the secret. */
import type { ChannelKind } from "../channel.ts";

/** Slack refuses longer texts of a block. */
const textLengthMax = 2900;

export const slack: ChannelKind = {
  fields: { url: { form: "secret", required: true, about: "the address of the incoming webhook" } },
  hearsAcknowledgements: false,
  make(settings, { post }) {
    const url = settings.text("url") ?? "";
    return {
      async send(_message, letter) {
        const { heading, facts, evidence, lastGood, runbook, link, acknowledge } = letter;
        const about = [
          ...facts.map(([name, value]) => `${name}: ${value}`),
          ...(lastGood === undefined ? [] : [`Last good run: ${lastGood}`]),
          ...(runbook === undefined ? [] : [`What to do: ${runbook}`]),
        ];
        const links = [
          link === undefined ? "" : `<${escaped(link)}|Open>`,
          acknowledge === undefined ? "" : `<${escaped(acknowledge)}|Acknowledge>`,
        ].filter((one) => one !== "");
        const blocks = [
          { type: "section", text: { type: "mrkdwn", text: `*${escaped(heading)}*` } },
          { type: "section", text: { type: "plain_text", text: about.join("\n").slice(0, textLengthMax) } },
          ...(evidence.length === 0
            ? []
            : [{ type: "section", text: { type: "mrkdwn", text: preformatted(evidence) } }]),
          ...(links.length === 0
            ? []
            : [{ type: "section", text: { type: "mrkdwn", text: links.join("  ") } }]),
        ];
        return await post(url, { body: JSON.stringify({ text: escaped(heading), blocks }) });
      },
    };
  },
};

/** As Slack asks for it; nothing of an incident can become a mention or a link. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Nothing in the lines may end the block early. */
function preformatted(lines: readonly string[]): string {
  const text = escaped(lines.join("\n").replaceAll("`", "ˋ")).slice(0, textLengthMax);
  return `\`\`\`${text}\`\`\``;
}
