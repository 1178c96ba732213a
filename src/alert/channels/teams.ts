/**
 * Microsoft Teams through a workflow ("post to a channel when a webhook request is received"): an
 * Adaptive Card (adaptivecards.io, version 1.4). Texts of an incident are runs of a rich text
 * block, which know no markup: nothing in them can become a link or a mention.
 */
import type { ChannelKind } from "../channel.ts";
import type { Letter } from "../text.ts";

/** Teams refuses cards of more than 28 KB. */
const lineLengthMax = 300;
const linesMax = 30;
const colors = { info: "Default", warning: "Warning", error: "Attention", critical: "Attention" } as const;

export const teams: ChannelKind = {
  fields: { url: { form: "secret", required: true, about: "the address of the workflow" } },
  hearsAcknowledgements: false,
  make(settings, { post }) {
    const url = settings.text("url") ?? "";
    return {
      async send({ incident, tiding }, letter) {
        const color = tiding === "resolved" ? "Good" : colors[incident.severity];
        const card = {
          $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
          type: "AdaptiveCard",
          version: "1.4",
          msteams: { width: "Full" },
          body: [
            richText([{ text: letter.heading, weight: "Bolder", size: "Medium", color }]),
            ...factLines(letter).map(([name, value]) =>
              richText([{ text: `${name}: `, isSubtle: true }, { text: value }]),
            ),
            ...letter.evidence.slice(0, linesMax).map((text) => richText([{ text, fontType: "Monospace" }])),
          ],
          actions: [
            ...openAction("Open", letter.link),
            ...openAction("Acknowledge", letter.acknowledge),
            ...openAction("Runbook", letter.runbook),
          ],
        };
        const attachment = {
          contentType: "application/vnd.microsoft.card.adaptive",
          contentUrl: null,
          content: card,
        };
        return await post(url, { body: JSON.stringify({ type: "message", attachments: [attachment] }) });
      },
    };
  },
};

function factLines({ said, facts, lastGood, runbook }: Letter): Letter["facts"] {
  return [
    ["What happened", said],
    ...facts,
    ...(lastGood === undefined ? [] : ([["Last good run", lastGood]] as const)),
    ...(runbook === undefined ? [] : ([["What to do", runbook]] as const)),
  ];
}

type TextRun = { readonly text: string } & Readonly<Record<string, string | boolean>>;

function richText(runs: readonly TextRun[]) {
  const inlines = runs.map((run) => ({ type: "TextRun", ...run, text: run.text.slice(0, lineLengthMax) }));
  return { type: "RichTextBlock", inlines };
}

function openAction(title: string, url: string | undefined) {
  const isAddress = url !== undefined && /^https?:\/\//.test(url);
  return isAddress ? [{ type: "Action.OpenUrl", title, url }] : [];
}
