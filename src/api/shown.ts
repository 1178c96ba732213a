/** What a sender shows of itself: a key in a header, a certificate in the TLS handshake. */
import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import type { Shown } from "../access/sender.ts";

export function shownBy({ headers, raw, ip }: FastifyRequest): Shown {
  const certificate = raw.socket instanceof TLSSocket ? raw.socket.getPeerX509Certificate() : undefined;
  return { authorization: headers.authorization, address: ip, certificate };
}
