/** The erasures' part of the control store in SQLite. Each statement is a `.sql` file of `erasures/`. */
import type { Erasure, ErasureStore } from "../erasures.ts";
import type { WatchTools } from "./watch.ts";

export function erasureStore({
  database,
  readSql,
  answer,
}: Pick<WatchTools, "database" | "readSql" | "answer">): ErasureStore {
  const [all, one, put] = ["erasures", "erasure", "putErasure"].map((name) =>
    database.prepare(readSql(`erasures/${name}`)),
  ) as [
    ReturnType<typeof database.prepare>,
    ReturnType<typeof database.prepare>,
    ReturnType<typeof database.prepare>,
  ];
  const read = (row: Readonly<Record<string, unknown>>): Erasure =>
    JSON.parse(String(row["document"])) as Erasure;
  return {
    erasures: () => answer(() => all.all().map(read)),
    erasure: (id) =>
      answer(() => {
        const row = one.get({ id });
        return row && read(row);
      }),
    putErasure: (erasure) =>
      answer(() => {
        const asked_ms = Math.floor(erasure.askedMs);
        put.run({ id: erasure.id, asked_ms, document: JSON.stringify(erasure) });
      }),
  };
}
