/**
 * What the server does with its ledger beside appending: states what retention and the removal of
 * the sample day take away, proves single events, and verifies itself over and over.
 */
import type { PublicLedger } from "../api/parts.ts";
import { type Stream, streams } from "../model/event.ts";
import type { ReportOwnFinding } from "../model/own-finding.ts";
import { formatTime } from "../model/time.ts";
import { isCosignedPath } from "../seal/cosign.ts";
import { textLengthMax } from "../seal/entries.ts";
import { threats } from "../seal/findings.ts";
import type { Ledger } from "../seal/ledger.ts";
import { formatVerifier } from "../seal/note.ts";
import { formatRanges } from "../seal/outer-check.ts";
import { proveEvent } from "../seal/proof.ts";
import { isTilePath } from "../seal/tiles.ts";
import { verifyLedger } from "../seal/verify.ts";
import {
  type AskBytes,
  sampleSegments,
  storedOrWaiting,
  storedSegments,
  type WaitingSpool,
} from "../store/segment-rows.ts";
import type { RunningAnchors } from "./ledger-anchors.ts";
import { settled } from "./ledger-data.ts";
import type { OwnJob } from "./own-jobs.ts";
import { showCount } from "./show.ts";

const dayMicros = 86_400_000_000;
/** Verified in one run of the job; the next one goes on there. */
const verifyEventsMax = 500_000;
/** Hashed without a pause: about 30 ms, in which the server answers nobody. */
const verifyChunkEvents = 8192;
/** A statement about retention is made so long before the day begins on which it is used. */
const aheadMicros = 3 * 3_600_000_000;

export type ServerLedgerParts = {
  readonly ledger: Ledger;
  readonly ask: AskBytes;
  readonly waiting: WaitingSpool;
  readonly retention: { readonly [S in Stream]: number };
  readonly anchors: Pick<RunningAnchors, "sentences" | "witness">;
  readonly reportOwnFinding: ReportOwnFinding;
  readonly verified: LastVerified;
};

/** When a round of the server's own verification last found nothing wrong. Written by the job alone. */
export type LastVerified = { atMs?: number };

/** What others may read of it, by its path below `/ledger/`; and the proof of one event. */
export function publicLedger({ ledger, ask, anchors }: ServerLedgerParts): PublicLedger {
  const events = storedSegments(ask);
  const isPublic = (path: string): boolean =>
    path === "checkpoint" || isTilePath(path) || isCosignedPath(path);
  return {
    key: formatVerifier(ledger.options.signer),
    file: (path) => (isPublic(path) ? ledger.source(path) : undefined),
    status: () => ({
      origin: ledger.head.origin,
      entries: ledger.head.size,
      unsigned: ledger.size - ledger.head.size,
      checkpoint: ledger.head.note,
      anchors: anchors.sentences(),
    }),
    ...(anchors.witness !== undefined && { addCheckpoint: anchors.witness.addCheckpoint }),
    prove: async ({ segment, segment_index }) =>
      proveEvent(ledger, await events(segment, segment + 1), segment, segment_index),
  };
}

/** To be called before the sample day is deleted: its segments may then be gone. */
export async function stateSampleGoes({ ledger, ask }: ServerLedgerParts): Promise<void> {
  const ranges = formatRanges(await sampleSegments(ask)).split(",");
  // A statement has a longest text; what does not fit goes into the next one.
  while (ranges.length > 0 && ranges[0] !== "") {
    let segments = ranges.shift() ?? "";
    while (ranges[0] !== undefined && segments.length + ranges[0].length < textLengthMax)
      segments += `,${ranges.shift()}`;
    const atMicros = Math.floor(ledger.options.now() * 1000);
    ledger.appendStatement({
      type: "drop",
      atMicros,
      segments,
      actor: "midwatch",
      reason: "the sample day was removed",
    });
  }
  await ledger.publish();
}

/** Jobs that the server runs for its ledger. */
export function ledgerJobs(parts: ServerLedgerParts): readonly OwnJob[] {
  /** Until when segments of a stream were stated to go, so that it is said once a day. */
  const stated = new Map<Stream, number>();
  let resume: string | undefined;
  let wasBroken = false;
  return [
    {
      name: "midwatch.state_retention",
      schedule: "41 * * * *",
      run: async () => stateRetention(parts, stated),
    },
    {
      name: "midwatch.verify_ledger",
      schedule: "*/10 * * * *",
      run: async () => {
        const { said, mark, isBroken } = await verifySome(parts, resume);
        // Only a round that went from the first event to the last says that it is in order again.
        if (wasBroken && !isBroken && mark === undefined) {
          parts.reportOwnFinding({ subject: verifySubject, because: said, over: true });
          wasBroken = false;
        }
        wasBroken ||= isBroken;
        if (!isBroken) parts.verified.atMs = parts.ledger.options.now();
        resume = mark;
        return said;
      },
    },
  ];
}

/** The engine drops whole days by itself (see `insert.sql`); the ledger must have said so before. */
async function stateRetention(
  { ledger, retention }: ServerLedgerParts,
  stated: Map<Stream, number>,
): Promise<string> {
  const atMicros = Math.floor(ledger.options.now() * 1000);
  for (const stream of streams) {
    const day = Math.floor((atMicros + aheadMicros) / dayMicros) - retention[stream];
    const beforeMicros = Math.max(0, (day + 1) * dayMicros);
    if ((stated.get(stream) ?? 0) >= beforeMicros || beforeMicros === 0) continue;
    ledger.appendStatement({
      type: "retain",
      atMicros,
      stream,
      beforeMicros,
      policy: `${retention[stream]} days`,
    });
    stated.set(stream, beforeMicros);
  }
  await ledger.publish();
  return `The ledger says what retention takes away until ${formatTime(atMicros + aheadMicros)}`;
}

/** What an incident about the events themselves is known by. */
const verifySubject = "ledger.verify";

type Round = { readonly said: string; readonly mark: string | undefined; readonly isBroken: boolean };

/** Goes on where the last run stopped, and begins again at the end. A finding becomes an incident. */
async function verifySome(
  { ledger, ask, waiting, reportOwnFinding }: ServerLedgerParts,
  resume: string | undefined,
): Promise<Round> {
  await ledger.publish();
  let mark: string | undefined;
  let done = 0;
  const verdict = await verifyLedger({
    source: ledger.source,
    events: storedOrWaiting(ask, waiting),
    verifier: ledger.options.signer,
    unsigned: () => ledger.unsigned(),
    settle: settled,
    eventsMax: verifyEventsMax,
    chunkEvents: verifyChunkEvents,
    ...(resume !== undefined && { resume }),
    onProgress: (progress) => {
      mark = progress.resume ?? mark;
      done = progress.entries;
    },
  });
  // A silence stays in the ledger for ever: telling of it once is the work of `midwatch verify`.
  const finding = verdict.findings.find(({ threat }) => threat !== "T8");
  if (finding !== undefined) {
    const where = finding.segment === undefined ? "" : ` in segment ${finding.segment}`;
    const what = `${finding.threat}${where}: ${threats[finding.threat]}; ${finding.because}`;
    const because = `What is stored is not what was sealed: ${showCount(verdict.findingsCount, "finding")}; the first is ${what}. Run "midwatch verify"`;
    reportOwnFinding({
      subject: verifySubject,
      because,
      ...(finding.id !== undefined && { evidence: { eventIds: [finding.id], runIds: [] } }),
    });
    // The next run begins anew, and says the same until it is in order.
    return { said: because, mark: undefined, isBroken: true };
  }
  const isThrough = done >= verdict.size;
  const said = `${showCount(verdict.events, "event")} verified, up to entry ${done} of ${verdict.size}`;
  return { said, mark: isThrough ? undefined : mark, isBroken: false };
}
