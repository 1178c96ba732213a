/** The authority that signs certificates of agents: made once, kept in the data directory. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import type { AgentCertificates } from "../access/agent-certificates.ts";
import type { Config } from "./config.ts";

/** `/etc/midwatch/agent-key.pem` for `/etc/midwatch/agent.pem`. */
export function keyBeside(certificate: string): string {
  const { dir, name, ext } = parse(certificate);
  return join(dir, `${name}-key${ext}`);
}

type Sources = { readonly clock: () => number; readonly randomBytes: (count: number) => Uint8Array };

export async function loadAuthority(
  config: Config,
  sources: Sources,
): Promise<AgentCertificates | undefined> {
  const mode = config["tls.agents"];
  if (mode === "off") return undefined;
  const { loadAgentCertificates, makeAuthority } = await import("../access/agent-certificates.ts");
  const folder = join(config.data, "tls");
  const certificate = join(folder, "agents.pem");
  const key = join(folder, "agents-key.pem");
  if (!existsSync(certificate)) {
    const made = await makeAuthority(sources);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(key, made.keyPem, { mode: 0o600 });
    // The certificate comes last and whole: where it is, there is the key as well.
    writeFileSync(`${certificate}.new`, made.certificatePem, { mode: 0o600 });
    renameSync(`${certificate}.new`, certificate);
  }
  const pair = { certificatePem: readFileSync(certificate, "utf8"), keyPem: readFileSync(key, "utf8") };
  return await loadAgentCertificates(mode, pair, sources);
}
