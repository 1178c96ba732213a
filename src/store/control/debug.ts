/** Wishes for more log lines, in SQLite. Each statement is a `.sql` file of `debug/`. */
import type { DebugRequest } from "../../model/debug.ts";
import { debugRequestsMax } from "../../model/debug.ts";
import type { WatchTools } from "./watch.ts";

export type DebugStore = {
  /** False when as many as may be are in force. Those that are over go. */
  readonly addDebug: (request: DebugRequest) => Promise<boolean>;
  /** Those in force, the first to end first. */
  readonly debugs: (nowMs: number) => Promise<readonly DebugRequest[]>;
  /** The one that was ended; `undefined` where none of this id is in force. */
  readonly endDebug: (id: string, nowMs: number) => Promise<DebugRequest | undefined>;
};

type DebugTools = Pick<WatchTools, "database" | "readSql" | "answer" | "atOnce">;

export function debugStore({ database, readSql, answer, atOnce }: DebugTools): DebugStore {
  const statement = (name: string) => database.prepare(readSql(`debug/${name}`));
  const [add, all, end, drop] = ["addDebug", "debugs", "endDebug", "dropEndedDebugs"].map(statement) as [
    ReturnType<typeof statement>,
    ReturnType<typeof statement>,
    ReturnType<typeof statement>,
    ReturnType<typeof statement>,
  ];
  const read = (row: Readonly<Record<string, unknown>>): DebugRequest =>
    JSON.parse(String(row["document"])) as DebugRequest;
  const inForce = (nowMs: number) => all.all({ now_ms: Math.floor(nowMs), count: debugRequestsMax });
  return {
    addDebug: (request) =>
      answer(() => {
        let added = false;
        atOnce(() => {
          drop.run({ now_ms: Math.floor(request.madeMs) });
          added = inForce(request.madeMs).length < debugRequestsMax;
          const { id, untilMs } = request;
          if (added) add.run({ id, until_ms: Math.floor(untilMs), document: JSON.stringify(request) });
        });
        return added;
      }),
    debugs: (nowMs) => answer(() => inForce(nowMs).map(read)),
    endDebug: (id, nowMs) =>
      answer(() => {
        const row = end.get({ id, now_ms: Math.floor(nowMs) });
        return row === undefined ? undefined : read(row);
      }),
  };
}
