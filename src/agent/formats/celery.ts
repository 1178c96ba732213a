/**
 * Celery's default format, `[2026-11-21 01:26:44,123: INFO/ForkPoolWorker-1] …`. The line for a
 * success ends with what the task returned, which is cut off.
 */
import { type LogFormat, localMicros, plain, severityOfWord, wallMs } from "./format.ts";

const head = /^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),(\d{3}): ([A-Z]+)\/([^\]]{1,128})\] ?/;
const task = /^Task ([\w.]{1,256})\[([0-9a-f-]{36})\]/;
const returned = /^(Task [\w.]{1,256}\[[0-9a-f-]{36}\] succeeded in [\d.e-]+s): [\s\S]*$/;

export const celeryFormat: LogFormat = {
  name: "celery",
  begins: (line) => head.test(line),
  read: (record, settings) => {
    const match = head.exec(record);
    if (!match) return plain(record);
    const [whole, , , , , , , milliseconds, level, process] = match;
    const text = record.slice(whole.length).replace(returned, "$1");
    const about = task.exec(text);
    const utcMs = wallMs(match.slice(1, 7));
    const base = plain(text, severityOfWord(level));
    return {
      ...base,
      micros: localMicros(utcMs, Number(milliseconds) * 1000, settings),
      fields: {
        ...base.fields,
        runtime: "celery",
        ...(about?.[1] && about[2] && { job: about[1], run_id: about[2] }),
      },
      attributes: { process: process ?? "" },
    };
  },
};
