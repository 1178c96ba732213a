/** ntfy, here or elsewhere: a push to telephones. */
import type { ChannelKind } from "../channel.ts";
import { postTo } from "../http.ts";

const priorities = { info: 2, warning: 3, error: 4, critical: 5 } as const;

export const ntfy: ChannelKind = {
  fields: {
    server: { form: "text", about: "default: https://ntfy.sh" },
    topic: { form: "text", required: true, about: "the topic" },
    token: { form: "secret", about: "access token" },
  },
  hearsAcknowledgements: false,
  make(settings, { clock }) {
    const token = settings.text("token");
    return async ({ incident, tiding }, { heading, lines, link }) => {
      const body = JSON.stringify({
        topic: settings.text("topic"),
        title: heading,
        message: lines.join("\n").slice(0, 3500),
        priority: tiding === "resolved" ? 2 : priorities[incident.severity],
        tags: [tiding === "resolved" ? "white_check_mark" : "rotating_light"],
        ...(link !== undefined && { click: link }),
      });
      const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return await postTo(settings.text("server") ?? "https://ntfy.sh", { body, headers, clock });
    };
  },
};
