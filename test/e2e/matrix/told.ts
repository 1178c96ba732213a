/** What is recorded of each run, in one line that a person can read. */
import type { EventRecord } from "../../../src/model/event.ts";
import { foldState, lifeOrder } from "../../../src/model/run.ts";

/** `job: enqueued started succeeded = succeeded`, sorted. */
export function told(events: readonly EventRecord[]): readonly string[] {
  const runs = Map.groupBy(
    events.filter((event) => event.kind.startsWith("job.") && event.run_id !== undefined),
    (event) => event.run_id,
  );
  return [...runs.values()]
    .map((own) => {
      const kinds = own.toSorted(lifeOrder).map((event) => event.kind.slice("job.".length));
      return `${own[0]?.job}: ${kinds.join(" ")} = ${foldState(own)}`;
    })
    .sort();
}
