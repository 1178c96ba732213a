/** Which jobs the server runs for itself, when, and what each does. */
import { statfs } from "node:fs/promises";
import type { Clock } from "../model/time.ts";
import type { Spool } from "../store/spool.ts";
import type { ControlStore, EventStore } from "../store/store.ts";
import type { OwnJob } from "./own-jobs.ts";
import { showCount } from "./show.ts";

/** A sender that has not asked again for so long never will. */
const receiptDays = 14;
/** Less free than this, and senders will soon have to keep what they have. */
const freeBytesMin = 1024 ** 3;
/** A batch that waits longer means that the engine does not keep up, or is away. */
const waitMsMax = 5 * 60_000;

export type OwnJobParts = {
  readonly control: Pick<ControlStore, "dropReceiptsBefore">;
  readonly events: Pick<EventStore, "overview">;
  readonly spool: Pick<Spool, "counts">;
  readonly clock: Clock;
  readonly dataDirectory: string;
};

export function ownJobs({ control, events, spool, clock, dataDirectory }: OwnJobParts): readonly OwnJob[] {
  return [
    {
      name: "midwatch.check_spool",
      schedule: "*/5 * * * *",
      run: async () => {
        const { files, bytes, oldestMs, rejected } = spool.counts();
        const waitedMs = oldestMs === undefined ? 0 : clock() - oldestMs;
        if (rejected > 0) {
          throw new Error(
            `${showCount(rejected, "batch file")} could not be read by the engine; see spool/rejected`,
          );
        }
        if (waitedMs > waitMsMax) {
          throw new Error(
            `${showCount(files, "batch file")} (${bytes} bytes) wait for the engine, the first for ${Math.round(waitedMs / 60_000)} minutes`,
          );
        }
        return files === 0
          ? "Nothing waits in the spool"
          : `${showCount(files, "batch file")} on their way to the engine`;
      },
    },
    {
      name: "midwatch.check_store",
      schedule: "*/15 * * * *",
      run: async () => {
        const untilMicros = Math.floor(clock() * 1000);
        const { events: count, hosts } = await events.overview({
          fromMicros: untilMicros - 86_400_000_000,
          untilMicros,
        });
        return `The engine answers: ${showCount(count, "event")} from ${showCount(hosts, "host")} in the last 24 hours`;
      },
    },
    {
      name: "midwatch.check_disk",
      schedule: "*/10 * * * *",
      run: async () => {
        const { bavail, blocks, bsize } = await statfs(dataDirectory);
        const free = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} of ${((blocks * bsize) / 1024 ** 3).toFixed(1)} GiB are free for ${dataDirectory}`;
        if (bavail * bsize < freeBytesMin) throw new Error(`The disk is nearly full: ${free}`);
        return free;
      },
    },
    {
      name: "midwatch.forget_receipts",
      schedule: "17 * * * *",
      run: async () => {
        const dropped = await control.dropReceiptsBefore(Math.floor(clock()) - receiptDays * 86_400_000);
        return `Forgot ${showCount(dropped, "receipt")} older than ${receiptDays} days`;
      },
    },
  ];
}
