/** The OpenID provider as the settings name it; its secret comes from a file. */
import { readFileSync } from "node:fs";
import { makeProvider, type Provider, type ProviderParts } from "../access/provider.ts";
import type { Config } from "./config.ts";
import { CommandFailure } from "./exit.ts";

/** Throws `CommandFailure`. */
export function loadProvider(config: Config, parts: Omit<ProviderParts, "setup">): Provider | undefined {
  const issuer = config["oidc.issuer"];
  if (issuer === "") return undefined;
  const roles = config["oidc.roles"];
  if (roles.size === 0) {
    throw new CommandFailure("usage", "oidc.roles: without a group that has a role, nobody could sign in");
  }
  return makeProvider({
    ...parts,
    setup: {
      issuer,
      clientId: config["oidc.client"],
      clientSecret: secretIn(config["oidc.secret_file"]),
      name: config["oidc.name"],
      scope: config["oidc.scope"],
      groupsClaim: config["oidc.groups_claim"],
      roles,
    },
  });
}

function secretIn(file: string): string {
  if (file === "") throw new CommandFailure("usage", "oidc.secret_file: the provider's secret is needed");
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    throw new CommandFailure(
      "usage",
      `oidc.secret_file: ${file} cannot be read: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
