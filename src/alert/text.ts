/** What people read of an incident: one heading and a few lines, alike in every channel. */
import { showMoment, showSpan } from "../detect/facts.ts";
import type { Message, Tiding } from "../model/incident.ts";
import type { Background } from "./background.ts";

export type Letter = {
  /** One line. */
  readonly heading: string;
  /** What is wrong, or how it ended, in a sentence. */
  readonly said: string;
  /** What is affected, since when, who looks after it. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Lines of what was recorded, as they were redacted; may be empty. */
  readonly evidence: readonly string[];
  readonly lastGood?: string;
  /** A text of somebody's; often an address. */
  readonly runbook?: string;
  /** The incident on the page. */
  readonly link?: string;
  /** Opens a page that asks whether to acknowledge; opening it changes nothing. */
  readonly acknowledge?: string;
  /** All of it as text. */
  readonly lines: readonly string[];
};

const headingLengthMax = 200;
const idsShownMax = 5;

export type LetterParts = {
  /** The address of Midwatch's page, where it is known. */
  readonly page?: string | undefined;
  readonly background?: Background;
  /** The address for acknowledging, for this channel. */
  readonly acknowledge?: string | undefined;
};

export function letterOf(message: Message, { page, background, acknowledge }: LetterParts = {}): Letter {
  const { incident, tiding } = message;
  const { runbook } = incident;
  const isOver = tiding === "resolved";
  const link = page === undefined ? undefined : `${page}/incidents/${incident.id}`;
  const said = isOver ? (incident.resolvedBecause ?? incident.because) : incident.because;
  const facts = factsOf(message);
  const evidence = isOver ? [] : (background?.evidence ?? []);
  const lastGood = isOver ? undefined : background?.lastGood;
  const mayAcknowledge = !isOver && tiding !== "acknowledged" && acknowledge !== undefined;
  const lines = [
    said,
    "",
    ...facts.map(([name, value]) => `${name}: ${value}`),
    ...(lastGood === undefined ? [] : [`Last good run: ${lastGood}`]),
    ...(runbook === undefined ? [] : [`What to do: ${runbook}`]),
    `More: ${link ?? `midwatch incidents ${incident.id}`}`,
    ...(mayAcknowledge ? [`Acknowledge: ${acknowledge}`] : []),
    ...(evidence.length === 0 ? [] : ["", "What was recorded:", ...evidence.map((line) => `  ${line}`)]),
  ];
  return {
    heading: oneLine(`[${wordOf(tiding, incident.severity)}] ${said}`, headingLengthMax),
    said,
    facts,
    evidence,
    lines,
    ...(lastGood !== undefined && { lastGood }),
    ...(runbook !== undefined && { runbook }),
    ...(link !== undefined && { link }),
    ...(mayAcknowledge && { acknowledge }),
  };
}

function wordOf(tiding: Tiding, severity: string): string {
  const loud = severity.toUpperCase();
  return {
    opened: loud,
    escalated: `${loud}, NOBODY ANSWERED`,
    reminded: `STILL ${loud}`,
    acknowledged: "SEEN",
    resolved: "RESOLVED",
    test: "TEST",
  }[tiding];
}

function factsOf({ incident, tiding, madeMs }: Message): Letter["facts"] {
  const { job, host, owner, evidence, count, openedMs, children = 0 } = incident;
  const ran = evidence.runIds.slice(0, idsShownMax).join(", ");
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["What", tiding === "resolved" ? incident.because : undefined],
    ["Job", job?.job],
    ["Service", job?.service],
    ["Environment", job?.environment],
    ["Host", host],
    [
      "Since",
      `${showMoment(openedMs)}${madeMs - openedMs < 60_000 ? "" : `, for ${showSpan(madeMs - openedMs)}`}`,
    ],
    ["Found", count > 1 ? `${count} times` : undefined],
    ["With it", children > 0 ? `${children} more, held for this one` : undefined],
    ["Not sure", incident.unknown && tiding !== "resolved" ? "nobody was there to see it" : undefined],
    ["Runs", ran === "" ? undefined : ran],
    ["Owner", owner],
  ];
  return facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

export function oneLine(text: string, lengthMax: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  const letters = Array.from(line);
  return letters.length <= lengthMax ? line : `${letters.slice(0, lengthMax - 1).join("")}…`;
}
