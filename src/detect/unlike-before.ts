/**
 * A run ended well, and yet not as before: it took much longer, wrote or moved far less or more, or
 * used far more of the host. Exit 0 says only that nobody noticed.
 */
import { causeOf, type Finding } from "../model/finding.ts";
import { jobKey, jobNameOf, showJob } from "../model/monitor.ts";
import type { Extreme } from "../store/survey.ts";
import type { Band } from "./band.ts";
import type { Detector } from "./detectors.ts";
import { showSpan } from "./facts.ts";
import type { Tallied } from "./survey.ts";
import { blameOf, isExcused, showBytes, showCount, showUsual } from "./usual.ts";

type Measure = {
  readonly name: string;
  readonly pick: (one: Tallied) => readonly [Extreme | undefined, Band | undefined];
  readonly isWrong: (value: number, band: Band) => boolean;
  readonly say: (value: string) => string;
  readonly show: (value: number) => string;
};

/** Differences too small to care for, whatever they are of what is usual. */
const longerMsMin = 60_000;
const outputBytesMin = 1000;
const memoryBytesMin = 100_000_000;
const processorMsMin = 60_000;

/** A run that never wrote much says nothing by writing nothing. */
const isFarLess = (value: number, band: Band): boolean => value < band.lowLimit && band.low > 0;

const measures: readonly Measure[] = [
  {
    name: "duration",
    pick: ({ tally, usual }) => [tally.longest, usual?.duration],
    isWrong: (value, band) => value > band.highLimit && value - band.high > longerMsMin,
    say: (value) => `this took ${value}`,
    show: showSpan,
  },
  {
    name: "output",
    pick: ({ tally, usual }) => [tally.leastOutput, usual?.output],
    isWrong: (value, band) => isFarLess(value, band) && band.middle - value > outputBytesMin,
    say: (value) => `this wrote ${value} of output`,
    show: showBytes,
  },
  {
    name: "more output",
    pick: ({ tally, usual }) => [tally.mostOutput, usual?.output],
    isWrong: (value, band) => value > band.highLimit && value - band.high > 100 * outputBytesMin,
    say: (value) => `this wrote ${value} of output`,
    show: showBytes,
  },
  {
    name: "rows",
    pick: ({ tally, usual }) => [tally.leastRows, usual?.rows],
    isWrong: isFarLess,
    say: (value) => `this counted ${value} rows`,
    show: showCount,
  },
  {
    name: "memory",
    pick: ({ tally, usual }) => [tally.mostMemory, usual?.memory],
    isWrong: (value, band) => value > band.highLimit && value - band.high > memoryBytesMin,
    say: (value) => `this used ${value} of memory`,
    show: showBytes,
  },
  {
    name: "processor",
    pick: ({ tally, usual }) => [tally.mostProcessorTime, usual?.processorTime],
    isWrong: (value, band) => value > band.highLimit && value - band.high > processorMsMin,
    say: (value) => `this used ${value} of processor time`,
    show: showSpan,
  },
];

export const unlikeBefore: Detector = ({ survey, monitorOf }, nowMs) =>
  survey.ended.flatMap((one) => [
    ...measures.flatMap((measure) => judge(measure, one, nowMs)),
    ...outputLimits(one, monitorOf(jobNameOf(one.tally)).outputMinBytes),
  ]);

function judge({ name, pick, isWrong, say, show }: Measure, one: Tallied, nowMs: number): readonly Finding[] {
  const [extreme, band] = pick(one);
  const { tally, usual } = one;
  if (!extreme || !band || !usual || !isWrong(extreme.value, band)) return [];
  if (name === "duration" && isExcused(usual, extreme.value)) return [];
  const job = jobNameOf(tally);
  const blame = blameOf(usual, extreme.release, nowMs);
  return [
    {
      kind: "unlike_before",
      cause: causeOf("unlike_before", jobKey(job), name),
      atMs: tally.lastMicros / 1000,
      because: `${showJob(job)}: ${showUsual(band, show)}; ${say(show(extreme.value))}.${blame}`,
      job,
      severity: "info",
      evidence: { eventIds: [], runIds: [extreme.runId] },
    },
  ];
}

function outputLimits({ tally }: Tallied, minBytes: number | undefined): readonly Finding[] {
  const least = tally.leastOutput;
  if (minBytes === undefined || !least || least.value >= minBytes) return [];
  const job = jobNameOf(tally);
  return [
    {
      kind: "unlike_before",
      cause: causeOf("unlike_before", jobKey(job), "output limit"),
      atMs: tally.lastMicros / 1000,
      because: `A run of ${showJob(job)} ended well and wrote ${showBytes(least.value)} of output; at least ${showBytes(minBytes)} are expected.`,
      job,
      evidence: { eventIds: [], runIds: [least.runId] },
    },
  ];
}
