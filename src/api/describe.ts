/** The OpenAPI document of the server, without a server: routes are added but never called. */
import type { ServerParts } from "./parts.ts";
import { makeServer } from "./server.ts";

export async function describeServer(version: string): Promise<object> {
  // Routes take these apart when they are added and use them when they are called, which is never.
  const parts = { version, pageDirectory: "/", events: {}, watch: {} } as ServerParts;
  const server = await makeServer(parts);
  const document = server.swagger();
  await server.close();
  return document;
}
