/** ntfy, here or elsewhere: a push to telephones. */
import type { ChannelKind } from "../channel.ts";

const priorities = { info: 2, warning: 3, error: 4, critical: 5 } as const;
/** ntfy makes a file of a message of more than 4096 bytes. */
const textBytesMax = 3500;

export const ntfy: ChannelKind = {
  fields: {
    server: { form: "text", about: "default: https://ntfy.sh" },
    topic: { form: "text", required: true, about: "the topic" },
    token: { form: "secret", about: "access token" },
  },
  hearsAcknowledgements: false,
  make(settings, { post }) {
    const token = settings.text("token");
    return {
      async send({ incident, tiding }, { heading, lines, link, acknowledge }) {
        const actions = [
          ["Acknowledge", acknowledge],
          ["Open", link],
        ].flatMap(([label, url]) => (url === undefined ? [] : [{ action: "view", label, url }]));
        const body = JSON.stringify({
          topic: settings.text("topic"),
          title: heading,
          message: cut(lines.join("\n")),
          priority: tiding === "resolved" ? 2 : priorities[incident.severity],
          tags: [tiding === "resolved" ? "white_check_mark" : "rotating_light"],
          ...(link !== undefined && { click: link }),
          ...(actions.length > 0 && { actions }),
        });
        const headers: Record<string, string> =
          token === undefined ? {} : { authorization: `Bearer ${token}` };
        return await post(settings.text("server") ?? "https://ntfy.sh", { body, headers });
      },
    };
  },
};

/** At a whole letter. */
function cut(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= textBytesMax
    ? text
    : new TextDecoder().decode(bytes.subarray(0, textBytesMax), { stream: true });
}
