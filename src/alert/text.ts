/** What people read of an incident: one heading and a few lines, alike in every channel. */
import { showMoment } from "../detect/facts.ts";
import type { Message } from "../model/incident.ts";

export type Letter = {
  /** One line. */
  readonly heading: string;
  readonly lines: readonly string[];
  readonly link?: string;
};

const headingLengthMax = 200;
const idsShownMax = 5;

/** `page` is the address of Midwatch's page, where it is known. */
export function letterOf({ incident, tiding }: Message, page: string | undefined): Letter {
  const { job, host, owner, runbook, evidence, count, openedMs, severity } = incident;
  const word = { opened: severity.toUpperCase(), acknowledged: "SEEN", resolved: "RESOLVED", test: "TEST" }[
    tiding
  ];
  const link = page === undefined ? undefined : `${page.replace(/\/$/, "")}/incidents/${incident.id}`;
  const said = tiding === "resolved" ? (incident.resolvedBecause ?? incident.because) : incident.because;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["What", tiding === "resolved" ? incident.because : undefined],
    ["Job", job?.job],
    ["Service", job?.service],
    ["Environment", job?.environment],
    ["Host", host],
    ["Since", showMoment(openedMs)],
    ["Found", count > 1 ? `${count} times` : undefined],
    ["Runs", evidence.runIds.slice(0, idsShownMax).join(", ") || undefined],
    ["Owner", owner],
    ["What to do", runbook],
    ["More", link ?? `midwatch incidents ${incident.id}`],
  ];
  return {
    heading: oneLine(`[${word}] ${said}`, headingLengthMax),
    lines: [
      said,
      "",
      ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`])),
    ],
    ...(link !== undefined && { link }),
  };
}

function oneLine(text: string, lengthMax: number): string {
  const line = text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  const letters = Array.from(line);
  return letters.length <= lengthMax ? line : `${letters.slice(0, lengthMax - 1).join("")}…`;
}
