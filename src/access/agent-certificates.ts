/**
 * Certificates by which agents show who they are (mutual TLS), signed by an authority of the server's
 * own. Each belongs to a key and lives with it: revoking the key ends the certificate. The TLS
 * handshake proves that the agent holds the private key; whose certificate it is, is looked at here.
 */
import "reflect-metadata"; // Wanted by the library below, before it.
import { X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as ParsedCertificate,
  PemConverter,
  Pkcs10CertificateRequest,
  type PublicKey,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { Fault } from "../model/fault.ts";
import type { Clock } from "../model/time.ts";
import type { AgentMode } from "./agent-modes.ts";
import { algorithm, type CertificatePair, newSerial, privateKeyPem } from "./certificate.ts";

const dayMs = 86_400_000;
const authorityDays = 3650;
const certificateDays = 90;
/** An agent's clock may be late by so much. */
const lateMs = 5 * 60_000;
const keyName = "urn:midwatch:key:";

export type AgentCertificates = {
  readonly mode: Exclude<AgentMode, "off">;
  readonly authorityPem: string;
  /** For a request (PKCS #10, PEM). Throws `BAD_REQUEST` where it is none, or not signed by its own key. */
  readonly issue: (requestPem: string, holder: Holder) => Promise<string>;
  /** The same public key for another span of time. */
  readonly renew: (shown: X509Certificate, holder: Holder) => Promise<string>;
  /** Whose it is; `undefined` where another authority signed it. Throws `KEY_INVALID` where it has ended. */
  readonly holderOf: (shown: X509Certificate) => Holder | undefined;
};

/** The source that the certificate names, and the key that it belongs to. */
export type Holder = { readonly source: string; readonly keyId: string };

type Sources = { readonly clock: Clock; readonly randomBytes: (count: number) => Uint8Array };

/** An authority that signs certificates of agents and nothing else. */
export async function makeAuthority({ clock, randomBytes }: Sources): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(randomBytes),
    name: "CN=Midwatch agents",
    notBefore: new Date(clock() - dayMs),
    notAfter: new Date(clock() + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    keyPem: await privateKeyPem(keys.privateKey),
  };
}

export async function loadAgentCertificates(
  mode: AgentCertificates["mode"],
  authority: CertificatePair,
  { clock, randomBytes }: Sources,
): Promise<AgentCertificates> {
  const ours = new X509Certificate(authority.certificatePem);
  const [der] = PemConverter.decode(authority.keyPem);
  const signingKey = await crypto.subtle.importKey("pkcs8", der as ArrayBuffer, algorithm, false, ["sign"]);
  const issuer = new ParsedCertificate(authority.certificatePem).subjectName.toJSON();

  async function sign(publicKey: PublicKey, { source, keyId }: Holder): Promise<string> {
    const nowMs = clock();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: newSerial(randomBytes),
      subject: [{ CN: [source] }],
      issuer,
      notBefore: new Date(nowMs - lateMs),
      notAfter: new Date(nowMs + certificateDays * dayMs),
      signingAlgorithm: algorithm,
      publicKey,
      signingKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        new SubjectAlternativeNameExtension([{ type: "url", value: `${keyName}${keyId}` }]),
      ],
    });
    return `${certificate.toString("pem")}\n`;
  }

  return {
    mode,
    authorityPem: authority.certificatePem,
    issue: async (requestPem, holder) => await sign(await publicKeyIn(requestPem), holder),
    renew: async (shown, holder) => await sign(new ParsedCertificate(shown.raw).publicKey, holder),
    holderOf: (shown) => {
      if (!shown.checkIssued(ours) || !shown.verify(ours.publicKey)) return undefined;
      const keyId = new RegExp(`^URI:${keyName}([0-9A-Za-z]+)$`).exec(shown.subjectAltName ?? "")?.[1];
      const source = /^CN=([^\n]+)$/.exec(shown.subject)?.[1];
      if (keyId === undefined || source === undefined) return undefined;
      if (shown.validToDate.getTime() <= clock()) {
        throw new Fault("KEY_INVALID", `The certificate of ${source} has expired; enrol the host anew.`);
      }
      return { source, keyId };
    },
  };
}

async function publicKeyIn(requestPem: string): Promise<PublicKey> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(requestPem);
    if (await request.verify()) return request.publicKey;
  } catch (cause) {
    throw new Fault("BAD_REQUEST", "The request for a certificate is no PKCS #10 in PEM.", { cause });
  }
  throw new Fault("BAD_REQUEST", "The request for a certificate is not signed by its own key.");
}
