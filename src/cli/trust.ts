/**
 * Whom a client trusts: by default whom the system trusts; with a fingerprint that one certificate
 * and no other, whoever signed it; on the machine of the server the certificate in its data directory.
 */
import { existsSync, readFileSync } from "node:fs";
import { connect, setDefaultCACertificates } from "node:tls";
import { isLoopbackHost } from "../api/guard.ts";
import { CommandFailure } from "./exit.ts";
import { dataDirectoryOf } from "./owner-key.ts";
import type { Environment } from "./terminal.ts";
import { ownCertificate } from "./tls.ts";

const connectTimeoutMs = 15_000;

/** For this process from now on. Throws `CommandFailure` where the server shows another certificate. */
export async function trustServer(server: URL, environment: Environment): Promise<void> {
  if (server.protocol !== "https:") return;
  const pinned = environment["MIDWATCH_SERVER_FINGERPRINT"];
  if (pinned !== undefined && pinned !== "") {
    await trustFingerprint(server, pinned);
    return;
  }
  const own = ownCertificate(dataDirectoryOf(environment));
  if (isLoopbackHost(server.host) && existsSync(own)) setDefaultCACertificates([readFileSync(own, "utf8")]);
}

async function trustFingerprint(server: URL, text: string): Promise<void> {
  const { fingerprintOf, readFingerprint } = await import("../access/certificate.ts");
  const wanted = readFingerprint(text);
  if (wanted === undefined) {
    throw new CommandFailure(
      "usage",
      "$MIDWATCH_SERVER_FINGERPRINT: expected sha256: and 64 hexadecimal digits",
    );
  }
  const certificatePem = await shownBy(server);
  const shown = fingerprintOf(certificatePem);
  if (shown !== wanted) {
    throw new CommandFailure(
      "refused",
      `${server.host} shows the certificate ${shown}, which is not the one that was expected: somebody may stand in between`,
    );
  }
  setDefaultCACertificates([certificatePem]);
}

/** The certificate that is shown there; nothing is sent before it is compared. */
function shownBy(server: URL): Promise<string> {
  const { hostname, port } = server;
  return new Promise((resolve, reject) => {
    const host = hostname.replace(/^\[(.*)\]$/, "$1");
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false }, () => {
      const der = socket.getPeerCertificate().raw.toString("base64");
      socket.destroy();
      resolve(`-----BEGIN CERTIFICATE-----\n${der}\n-----END CERTIFICATE-----\n`);
    });
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error("it took too long")));
    socket.on("error", (cause) =>
      reject(
        new CommandFailure("unreachable", `no answer from ${server.origin}: ${cause.message}`, { cause }),
      ),
    );
  });
}
