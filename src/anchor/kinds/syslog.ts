/**
 * A syslog receiver, by RFC 5424; over TCP and TLS with the length before each message (RFC 6587),
 * over UDP one message a datagram. The checkpoint stands in the message as a JSON text, whole, so
 * that `midwatch verify --checkpoint` reads it from the receiver's own file.
 */
import { createSocket } from "node:dgram";
import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Delivery } from "../../alert/channel.ts";
import { Fault } from "../../model/fault.ts";
import { type AnchorKind, delivered, failed } from "../anchor.ts";

const waitMsMax = 15_000;
const transports = ["tcp", "tls", "udp"] as const;
/** Facility `log audit` (13), severity `notice` (5). */
const priority = 13 * 8 + 5;

type Receiver = {
  readonly host: string;
  readonly port: number;
  readonly transport: (typeof transports)[number];
};

export const syslog: AnchorKind = {
  fields: {
    host: { form: "text", required: true, about: "the receiver" },
    port: { form: "text", about: "default: 6514 for tls, else 514" },
    transport: { form: "text", about: "tcp (default), tls, or udp, where nobody hears of a loss" },
  },
  everySeconds: 60,
  make(settings, { clock, hostname, pid }) {
    const said = settings.text("transport") ?? "tcp";
    const transport = transports.find((one) => one === said);
    if (transport === undefined)
      throw new Fault("CONFIG_INVALID", `its transport must be one of ${transports.join(", ")}`);
    const port = Number(settings.text("port") ?? (transport === "tls" ? 6514 : 514));
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new Fault("CONFIG_INVALID", "its port must be a number from 1 to 65535");
    const receiver: Receiver = { host: settings.text("host") ?? "", port, transport };
    const name = hostname.replaceAll(/[^\x21-\x7e]/g, "").slice(0, 255) || "-";
    return async ({ head }) => {
      const time = new Date(clock()).toISOString();
      const about = `[ledger@32473 origin="${escaped(head.origin)}" size="${head.size}"]`;
      const text = `<${priority}>1 ${time} ${name} midwatch ${pid} checkpoint ${about} checkpoint ${JSON.stringify(head.note)}`;
      return await (transport === "udp" ? sendDatagram(receiver, text) : sendFramed(receiver, text));
    };
  },
};

/** In a value of structured data (RFC 5424, 6.3.3). */
const escaped = (value: string): string => value.replaceAll(/["\\\]]/g, "\\$&");

function sendDatagram({ host, port }: Receiver, text: string): Promise<Delivery> {
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const end = (delivery: Delivery): void => {
      socket.close();
      resolve(delivery);
    };
    socket.on("error", (error) => end(failed(messageOf(error))));
    socket.send(Buffer.from(text), port, host, (error) =>
      end(error ? failed(messageOf(error)) : delivered("sent as a datagram")),
    );
  });
}

/** A receiver says nothing in this protocol: what it took in before it closed is taken for received. */
function sendFramed({ host, port, transport }: Receiver, text: string): Promise<Delivery> {
  return new Promise((resolve) => {
    const socket: Socket =
      transport === "tls" ? connectTls({ host, port, servername: host }) : connectPlain({ host, port });
    const end = (delivery: Delivery): void => {
      socket.destroy();
      resolve(delivery);
    };
    socket.setTimeout(waitMsMax, () => end(failed(`no answer within ${waitMsMax / 1000} s`)));
    socket.on("error", (error) => end(failed(messageOf(error))));
    socket.on("close", () => end(delivered(`taken by ${host}:${port}`)));
    // Whatever it says is read and dropped, so that its closing is heard.
    socket.resume();
    socket.on(transport === "tls" ? "secureConnect" : "connect", () =>
      socket.end(`${Buffer.byteLength(text)} ${text}`),
    );
  });
}

function messageOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
