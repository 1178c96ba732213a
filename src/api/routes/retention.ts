/** How long streams are kept, and the agreement of two that shortening it takes. */
import type { RetentionDays } from "../../access/retention.ts";
import { retentionSchema } from "../access-schemas.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

export const addRetentionRoutes: AddRoutes = (server, { retention }) => {
  const answer = async () => {
    const { wanted, hands = [] } = await retention.state();
    const plain = (days: RetentionDays) => ({ ...days });
    return {
      days: plain(retention.days),
      ...(wanted && { wanted: plain(wanted) }),
      agreedBy: hands.map(({ name }) => name),
    };
  };

  server.get(
    "/api/v1/retention",
    {
      schema: {
        operationId: "readRetention",
        tags: ["server"],
        summary: "Say how many days each stream is kept, and what waits to be agreed to",
        response: { 200: retentionSchema, ...refusals(401, 403, 421) },
      },
    },
    async () => await answer(),
  );

  server.post(
    "/api/v1/retention/agree",
    {
      schema: {
        operationId: "agreeToRetention",
        tags: ["server"],
        summary: "Agree to what the settings want; with the second person it holds from the next start on",
        response: { 200: retentionSchema, ...refusals(400, 401, 403, 421) },
      },
    },
    async (asked) => {
      await retention.agree(actorOf(asked));
      return await answer();
    },
  );
};
