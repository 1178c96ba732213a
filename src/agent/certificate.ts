/** The agent's certificate: read anew each time, so that a renewed one counts without a restart. */
import { X509Certificate } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";

export type CertificateFiles = { readonly certificate: string; readonly key: string };
/** As Node's TLS takes them, in PEM. */
export type ShownCertificate = { readonly cert: string; readonly key: string };

/** Rejects where a file cannot be read. */
export async function readCertificate(files: CertificateFiles): Promise<ShownCertificate> {
  const [cert, key] = await Promise.all([readFile(files.certificate, "utf8"), readFile(files.key, "utf8")]);
  return { cert, key };
}

/** In the last third of its time: early enough for a server that is away for weeks. */
export function isToBeRenewed(certificatePem: string, nowMs: number): boolean {
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  const wholeMs = validToDate.getTime() - validFromDate.getTime();
  return validToDate.getTime() - nowMs < wholeMs / 3;
}

/** Whoever reads the file gets the old one or the new one, whole. Throws where it is for another key. */
export async function replaceCertificate(
  files: CertificateFiles,
  before: string,
  now: string,
): Promise<void> {
  const keyOf = (pem: string): Buffer =>
    new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
  if (!keyOf(now).equals(keyOf(before))) throw new Error("the new certificate is not for this host's key");
  await writeFile(`${files.certificate}.new`, now, { mode: 0o600 });
  await rename(`${files.certificate}.new`, files.certificate);
}
