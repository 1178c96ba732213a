/**
 * The incidents that are not over, as this process knows them: the watch asks in every look, and of
 * thousands the same few change. What another process changed is noticed, and then all are read anew.
 */
import type { Incident } from "../../model/incident.ts";
import type { Database } from "./encrypted.ts";

/** As many as are read at once. With more, those that changed last are read anew. */
const knownMax = 10_000;

export type Unresolved = {
  /** Those that changed last come first. */
  readonly all: () => readonly Incident[];
  /** What this process has committed. */
  readonly note: (changed: readonly Incident[]) => void;
};

export function unresolvedIn(database: Database, read: () => readonly Incident[]): Unresolved {
  // SQLite counts the commits of every other connection here, and none of this one.
  const version = database.prepare("PRAGMA data_version");
  let known: { readonly version: unknown; readonly byId: Map<string, Incident> } | undefined;
  let listed: readonly Incident[] | undefined;

  return {
    all() {
      const current = version.get()?.["data_version"];
      if (!known || known.version !== current || known.byId.size > knownMax) {
        known = { version: current, byId: new Map(read().map((incident) => [incident.id, incident])) };
        listed = undefined;
      }
      listed ??= [...known.byId.values()].sort((a, b) => b.lastMs - a.lastMs);
      return listed;
    },
    note(changed) {
      if (!known || changed.length === 0) return;
      listed = undefined;
      for (const incident of changed) {
        // The store counts one up with each change.
        if (incident.state === "resolved") known.byId.delete(incident.id);
        else known.byId.set(incident.id, { ...incident, revision: (incident.revision ?? 0) + 1 });
      }
    },
  };
}
