/** E-mail by SMTP. All mails of an incident are one conversation. */
import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import { Fault } from "../../model/fault.ts";
import type { ChannelKind } from "../channel.ts";

const waitMsMax = 15_000;
const encryptions = ["starttls", "tls", "none"] as const;

export const email: ChannelKind = {
  fields: {
    host: { form: "text", required: true, about: "the mail server" },
    port: { form: "text", about: "default: 465 for tls, else 587" },
    encryption: { form: "text", about: "starttls (default; mail is not sent without), tls, or none" },
    user: { form: "text", about: "where the server asks who we are" },
    password: { form: "secret", about: "of that user" },
    from: { form: "text", required: true, about: "the sender's address" },
    to: { form: "texts", required: true, about: "addresses" },
  },
  hearsAcknowledgements: false,
  knownBy: "Message-ID, where the mail program looks at it",
  make(settings) {
    const host = settings.text("host") ?? "";
    const encryption = settings.text("encryption") ?? "starttls";
    if (!(encryptions as readonly string[]).includes(encryption)) {
      throw new Fault("CONFIG_INVALID", `its encryption must be one of ${encryptions.join(", ")}`);
    }
    const port = Number(settings.text("port") ?? (encryption === "tls" ? 465 : 587));
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Fault("CONFIG_INVALID", "its port must be a number from 1 to 65535");
    }
    const [user, password] = [settings.text("user"), settings.text("password")];
    const transport = createTransport({
      host,
      port,
      secure: encryption === "tls",
      requireTLS: encryption === "starttls",
      ignoreTLS: encryption === "none",
      connectionTimeout: waitMsMax,
      greetingTimeout: waitMsMax,
      socketTimeout: waitMsMax,
      // A name in the greeting that never depends on the machine.
      name: isIP(host) ? "[127.0.0.1]" : "midwatch",
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    });
    return async ({ id, incident, tiding }, { heading, lines }) => {
      const domain = (settings.text("from") ?? "").replace(/^.*@/, "").replace(/>.*$/, "") || "midwatch";
      try {
        const answer = await transport.sendMail({
          from: settings.text("from"),
          to: [...settings.texts("to")],
          subject: heading,
          text: `${lines.join("\n")}\n`,
          messageId: `<${id}@${domain}>`,
          references: `<incident-${incident.id}@${domain}>`,
          inReplyTo: `<incident-${incident.id}@${domain}>`,
          headers: { "Auto-Submitted": "auto-generated", "X-Midwatch-Tiding": tiding },
        });
        return { outcome: "delivered", receipt: answer.response.slice(0, 200) };
      } catch (error) {
        const { responseCode, code, message } = error as {
          responseCode?: number;
          code?: string;
          message: string;
        };
        // Five hundreds are for good (RFC 5321, 4.2.1), unless it is about who we are: that is mended.
        const permanent = responseCode !== undefined && responseCode >= 550 && responseCode <= 554;
        return {
          outcome: "failed",
          permanent,
          receipt: `${responseCode ?? code ?? ""} ${message}`.trim().slice(0, 200),
        };
      }
    };
  },
};
