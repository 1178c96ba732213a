/** The server's certificate and key: made by itself, or out of files that somebody else renews. */
import { X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import type { Config } from "./config.ts";
import { CommandFailure } from "./exit.ts";

export type ServerTls = {
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly selfMade: boolean;
};

/** A certificate of our own is made anew when it would end within this time. */
const renewedMs = 30 * 86_400_000;

export const ownCertificate = (data: string): string => join(data, "tls", "certificate.pem");

type TlsWish = {
  readonly hostname: string;
  readonly clock: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
};

/** Throws `CommandFailure` where a file cannot be read, or the key can be read by others. */
export async function loadTls(config: Config, wish: TlsWish): Promise<ServerTls | undefined> {
  const mode = config["tls.mode"];
  if (mode === "off") return undefined;
  const { fingerprintOf } = await import("../access/certificate.ts");
  const files =
    mode === "self"
      ? await ownFiles(config, wish)
      : { certificate: config["tls.certificate"], key: config["tls.key"] };
  const certificate = readPart(files.certificate, "tls.certificate");
  const key = readPart(files.key, "tls.key");
  if ((statSync(files.key).mode & 0o077) !== 0) {
    throw new CommandFailure("usage", `tls.key: ${files.key} can be read by others; \`chmod 600\` it`);
  }
  return { certificate, key, fingerprint: fingerprintOf(certificate), selfMade: mode === "self" };
}

function readPart(file: string, name: string): string {
  if (file === "")
    throw new CommandFailure("usage", `${name}: tls.mode is \`files\`, so a file must be given`);
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new CommandFailure("usage", `${name}: ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function ownFiles(config: Config, { hostname, clock, randomBytes }: TlsWish) {
  const certificate = ownCertificate(config.data);
  const key = join(config.data, "tls", "key.pem");
  if (!existsSync(key) || !isStillGood(certificate, clock())) {
    const { makeCertificate } = await import("../access/certificate.ts");
    const names = [...new Set(["localhost", hostname, ...ownAddresses(), ...config.hosts])];
    const made = await makeCertificate({ names, nowMs: clock(), randomBytes });
    mkdirSync(join(config.data, "tls"), { recursive: true, mode: 0o700 });
    writeFileSync(certificate, made.certificatePem, { mode: 0o600 });
    writeFileSync(key, made.keyPem, { mode: 0o600 });
  }
  return { certificate, key };
}

function isStillGood(file: string, nowMs: number): boolean {
  if (!existsSync(file)) return false;
  return new X509Certificate(readFileSync(file)).validToDate.getTime() - nowMs > renewedMs;
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) =>
    all.flatMap(({ address, family }) => (family === "IPv6" && address.startsWith("fe80") ? [] : [address])),
  );
}
