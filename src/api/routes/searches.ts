/** Searches that somebody gave a name, for everyone who may read. */
import { type Static, Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import { formatTime } from "../../model/time.ts";
import { uuidv7 } from "../../model/uuid.ts";
import { actorOf } from "../admission.ts";
import type { AddRoutes } from "../parts.ts";
import { parseQuery } from "../query.ts";
import { refusals } from "./refusals.ts";

/** Named searches. More: refused. */
const searchesMax = 200;
/** The name under which the control store keeps all of them. */
const settingName = "searches";

const parts = {
  name: Type.String({ minLength: 1, maxLength: 100 }),
  q: Type.Optional(Type.String({ maxLength: 2000, description: "in the search language" })),
  stream: Type.Optional(Type.String({ maxLength: 16 })),
  severity: Type.Optional(Type.String({ maxLength: 8 })),
};
const newSearchSchema = Type.Object(parts, { additionalProperties: false });
const searchSchema = Type.Object({
  id: Type.String(),
  ...parts,
  by: Type.String({ description: "who gave it its name" }),
  time: Type.String({ format: "date-time" }),
});
export type SavedSearch = Static<typeof searchSchema>;
const searchListSchema = Type.Object({ rows: Type.Array(searchSchema) });
export type SavedSearches = Static<typeof searchListSchema>;

export const addSearchRoutes: AddRoutes = (server, { control, clock, randomBytes }) => {
  let turn: Promise<unknown> = Promise.resolve();
  const read = async (): Promise<readonly SavedSearch[]> =>
    JSON.parse((await control.setting(settingName)) ?? "[]") as readonly SavedSearch[];
  /** One after the other, so that no change is lost to another. */
  const change = (work: (rows: readonly SavedSearch[]) => readonly SavedSearch[]): Promise<void> => {
    const done = turn.then(
      async () => await control.setSetting(settingName, JSON.stringify(work(await read()))),
    );
    turn = done.catch(() => undefined);
    return done;
  };

  server.get(
    "/api/v1/searches",
    {
      schema: {
        operationId: "listSearches",
        tags: ["events"],
        summary: "List searches that somebody gave a name",
        response: { 200: searchListSchema, ...refusals(421) },
      },
    },
    async () => ({ rows: [...(await read())] }),
  );

  server.post(
    "/api/v1/searches",
    {
      schema: {
        operationId: "saveSearch",
        tags: ["events"],
        summary: "Give a search a name; the same name again replaces it",
        body: newSearchSchema,
        response: { 200: searchSchema, ...refusals(400, 403, 421) },
      },
    },
    async (asked) => {
      parseQuery(asked.body.q ?? "");
      const search: SavedSearch = {
        id: uuidv7(clock(), randomBytes(10)),
        ...asked.body,
        by: actorOf(asked).name,
        time: formatTime(Math.floor(clock() * 1000)),
      };
      await change((rows) => {
        const others = rows.filter(({ name }) => name !== search.name);
        if (others.length >= searchesMax) {
          throw new Fault(
            "BAD_REQUEST",
            `There are ${searchesMax} saved searches already; remove one first.`,
          );
        }
        return [...others, search];
      });
      return search;
    },
  );

  server.delete(
    "/api/v1/searches/:id",
    {
      schema: {
        operationId: "removeSearch",
        tags: ["events"],
        summary: "Take the name of a search away",
        params: Type.Object({ id: Type.String() }),
        response: { 204: Type.Null(), ...refusals(403, 404, 421) },
      },
    },
    async ({ params }, reply) => {
      await change((rows) => {
        const others = rows.filter(({ id }) => id !== params.id);
        if (others.length === rows.length)
          throw new Fault("NOT_FOUND", "There is no saved search with this id.");
        return others;
      });
      return await reply.code(204).send(null);
    },
  );
};
