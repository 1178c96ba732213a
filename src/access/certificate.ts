/**
 * Certificates that Midwatch makes itself: one that vouches for itself, so that a server can be
 * reached over TLS from its first minute. Who connects compares its fingerprint, which the server
 * prints; ECDSA on P-256, as every client of today understands.
 */
import "reflect-metadata"; // Wanted by the library below, before it.
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** The most that browsers accept of a certificate that somebody has trusted by hand. */
const validDays = 825;
const dayMs = 86_400_000;

export type CertificatePair = { readonly certificatePem: string; readonly keyPem: string };

export type CertificateWish = {
  /** Host names and addresses by which the server is reached. */
  readonly names: readonly string[];
  readonly nowMs: number;
  readonly randomBytes: (count: number) => Uint8Array;
};

export async function makeCertificate({
  names,
  nowMs,
  randomBytes,
}: CertificateWish): Promise<CertificatePair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(randomBytes),
    name: "CN=Midwatch",
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + validDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
    ],
  });
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    keyPem: await privateKeyPem(keys.privateKey),
  };
}

export function newSerial(randomBytes: (count: number) => Uint8Array): string {
  const serial = Uint8Array.from(randomBytes(16));
  // A serial number is positive: its first bit is none.
  serial[0] = (serial[0] as number) & 0x7f;
  return Buffer.from(serial).toString("hex");
}

export async function privateKeyPem(key: CryptoKey): Promise<string> {
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", key)).toString("base64");
  return `-----BEGIN PRIVATE KEY-----\n${pkcs8.replace(/(.{64})/g, "$1\n").trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

/** What a host asks with for a certificate (PKCS #10); its private key never leaves it. */
export async function makeCertificateRequest(): Promise<{
  readonly requestPem: string;
  readonly keyPem: string;
}> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm });
  return { requestPem: `${request.toString("pem")}\n`, keyPem: await privateKeyPem(keys.privateKey) };
}

/** `sha256:` and 64 digits, as the server prints it and as clients are told it. */
export function fingerprintOf(certificatePem: string): string {
  const colons = new X509Certificate(certificatePem).fingerprint256;
  return `sha256:${colons.replaceAll(":", "").toLowerCase()}`;
}

/** The same out of any common way to write it; `undefined` where it is none. */
export function readFingerprint(text: string): string | undefined {
  const digits = text
    .trim()
    .toLowerCase()
    .replace(/^sha-?256[:=]/, "")
    .replaceAll(":", "");
  return /^[0-9a-f]{64}$/.test(digits) ? `sha256:${digits}` : undefined;
}
