/** That the server is alive, for whoever watches it; and the description of this interface. */
import { Type } from "typebox";
import type { AddRoutes } from "../parts.ts";
import { healthSchema } from "../schemas.ts";
import { refusals } from "./refusals.ts";

export const addHealthRoutes: AddRoutes = (server) => {
  server.get(
    "/healthz",
    {
      schema: {
        operationId: "readHealth",
        tags: ["server"],
        summary: "Say whether the server is alive",
        response: { 200: healthSchema, ...refusals(421) },
      },
    },
    async () => ({ status: "ok" as const }),
  );

  server.get(
    "/api/v1/openapi.json",
    {
      schema: {
        operationId: "readOpenapi",
        tags: ["server"],
        summary: "Describe this interface as OpenAPI",
        response: { 200: Type.Object({}, { additionalProperties: true }), ...refusals(421) },
      },
    },
    async () => server.swagger(),
  );
};
