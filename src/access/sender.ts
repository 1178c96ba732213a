/** Finds out who sends: by a key, by a certificate, or by both, which must then speak of one source. */
import type { X509Certificate } from "node:crypto";
import { Fault } from "../model/fault.ts";
import type { ApiKey } from "../store/store.ts";
import type { AgentCertificates } from "./agent-certificates.ts";
import type { Keyring } from "./keyring.ts";

export type Shown = {
  readonly authorization?: string | undefined;
  /** What the TLS handshake has proven; whoever signed it. */
  readonly certificate?: X509Certificate | undefined;
  readonly address: string;
};

/** Rejects with `KEY_INVALID`. `agents` absent: certificates say nothing here. */
export async function senderOf(
  keyring: Keyring,
  agents: AgentCertificates | undefined,
  { authorization, certificate, address }: Shown,
): Promise<ApiKey> {
  const holder = certificate && agents?.holderOf(certificate);
  if (holder === undefined) {
    if (agents?.mode !== "required") return await keyring.check(authorization, "send", address);
    throw new Fault(
      "KEY_INVALID",
      "This server takes events from agents that show a certificate of its own; `midwatch enrol` gets one.",
    );
  }
  const own = await keyring.checkId(holder.keyId, "send", address);
  if (own.source !== holder.source) {
    throw new Fault("KEY_INVALID", `The certificate of ${holder.source} is not that of its key.`);
  }
  if (authorization === undefined) return own;
  const key = await keyring.check(authorization, "send", address);
  if (key.source === own.source) return key;
  throw new Fault(
    "KEY_INVALID",
    `The key ${key.name} and the certificate of ${holder.source} are two senders'.`,
  );
}
