/** What the doctor finds in the running installation. */
import { Type } from "typebox";
import { doctorSchema } from "../access-schemas.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

export const addDoctorRoutes: AddRoutes = (server, { examine }) => {
  server.get(
    "/api/v1/doctor",
    {
      schema: {
        operationId: "examine",
        tags: ["server"],
        summary: "Examine the installation: each check with its evidence, and its number in OWASP ASVS 5.0",
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: doctorSchema, ...refusals(401, 403, 421, 503) },
      },
    },
    async () => ({ rows: [...(await examine())] }),
  );
};
