/** E-mail by SMTP. All mails of an incident are one conversation. */
import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import { Fault } from "../../model/fault.ts";
import { type AddressGuard, AddressRefused, makeAddressGuard } from "../address-guard.ts";
import type { ChannelKind, ChannelSettings, Delivery } from "../channel.ts";

const waitMsMax = 15_000;
const encryptions = ["starttls", "tls", "none"] as const;

/** The settings of a mail server. */
export const mailFields = {
  host: { form: "text", required: true, about: "the mail server" },
  port: { form: "text", about: "default: 465 for tls, else 587" },
  encryption: { form: "text", about: "starttls (default; mail is not sent without), tls, or none" },
  user: { form: "text", about: "where the server asks who we are" },
  password: { form: "secret", about: "of that user" },
  from: { form: "text", required: true, about: "the sender's address" },
  to: { form: "texts", required: true, about: "addresses" },
} as const satisfies ChannelKind["fields"];

export type Mail = {
  readonly subject: string;
  readonly text: string;
  /** Before the `@` of the mail's own id, and of the one that its conversation has. */
  readonly id: string;
  readonly conversation?: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** Sends from one address to others. Throws `Fault` `CONFIG_INVALID` where settings do not fit. */
export function mailer(
  settings: ChannelSettings,
  guard: AddressGuard = makeAddressGuard([]),
): (mail: Mail) => Promise<Delivery> {
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
  const from = settings.text("from") ?? "";
  const domain = from.replace(/^.*@/, "").replace(/>.*$/, "") || "midwatch";
  /** To an address that was checked; the name is what its certificate must be for. */
  const open = async () => {
    const [checked] = await guard.addressesOf(host);
    return createTransport({
      host: checked?.address ?? host,
      port,
      secure: encryption === "tls",
      requireTLS: encryption === "starttls",
      ignoreTLS: encryption === "none",
      ...(isIP(host) === 0 && { tls: { servername: host } }),
      connectionTimeout: waitMsMax,
      greetingTimeout: waitMsMax,
      socketTimeout: waitMsMax,
      // A name in the greeting that never depends on the machine.
      name: isIP(host) ? "[127.0.0.1]" : "midwatch",
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(user !== undefined && { auth: { user, pass: password ?? "" } }),
    });
  };
  return async ({ subject, text, id, conversation, headers }) => {
    const thread = conversation === undefined ? undefined : `<${conversation}@${domain}>`;
    try {
      const transport = await open();
      const answer = await transport.sendMail({
        from,
        to: [...settings.texts("to")],
        subject,
        text,
        messageId: `<${id}@${domain}>`,
        ...(thread !== undefined && { references: thread, inReplyTo: thread }),
        headers: { "Auto-Submitted": "auto-generated", ...headers },
      });
      return { outcome: "delivered", receipt: answer.response.slice(0, 200) };
    } catch (error) {
      const { responseCode, code, message } = error as {
        responseCode?: number;
        code?: string;
        message: string;
      };
      // Five hundreds are for good (RFC 5321, 4.2.1), unless it is about who we are: that is mended.
      const isRefused = responseCode !== undefined && responseCode >= 550 && responseCode <= 554;
      const permanent = isRefused || error instanceof AddressRefused;
      const receipt = `${responseCode ?? code ?? ""} ${message}`.trim().slice(0, 200);
      return { outcome: "failed", permanent, receipt };
    }
  };
}

export const email: ChannelKind = {
  fields: mailFields,
  hearsAcknowledgements: false,
  knownBy: "Message-ID, where the mail program looks at it",
  make(settings, { guard }) {
    const mail = mailer(settings, guard);
    return {
      send: ({ id, incident, tiding }, { heading, lines }) =>
        mail({
          id,
          conversation: `incident-${incident.id}`,
          subject: heading,
          text: `${lines.join("\n")}\n`,
          headers: { "X-Midwatch-Tiding": tiding },
        }),
    };
  },
};
