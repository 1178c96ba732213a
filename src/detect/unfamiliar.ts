/** Something that never was before: a job, who enqueues it, where, when and with what; an action. */
import { causeOf } from "../model/finding.ts";
import { jobKey, showJob } from "../model/monitor.ts";
import type { Detector } from "./detectors.ts";
import type { News } from "./survey.ts";

const shownMax = 3;

export const unfamiliar: Detector = ({ survey }) =>
  survey.news.map((news) => {
    const { what, job, service, value, atMs, runId, eventId, release } = news;
    const came = release === undefined ? "" : ` It came with release ${release}, which is new.`;
    return {
      kind: "unfamiliar",
      cause: causeOf("unfamiliar", what, job ? jobKey(job) : (service ?? ""), value),
      atMs,
      because: `${sentence(news)}${came}`,
      ...(job && { job }),
      // A person who enqueues by hand what only programs did is more than a change of code.
      severity: what === "enqueuer" && value.startsWith("console") ? "warning" : "info",
      evidence: {
        eventIds: eventId === undefined ? [] : [eventId],
        runIds: runId === undefined ? [] : [runId],
      },
    };
  });

function sentence(news: News): string {
  const name = news.job ? showJob(news.job) : "";
  const known = news.before.slice(-shownMax).join(", ");
  return sentences[news.what]({ ...news, name, known });
}

type Told = News & { readonly name: string; readonly known: string };

const sentences: { readonly [What in News["what"]]: (news: Told) => string } = {
  job: ({ name }) => `${name} was never seen before.`,
  enqueuer: ({ name, value, known }) =>
    `${name} was enqueued by ${value} for the first time; until now by ${known}.`,
  host: ({ name, value, known }) => `${name} runs on ${value} for the first time; until now on ${known}.`,
  arguments: ({ name, value, known }) =>
    `${name} was enqueued with arguments of another shape, ${value}; until now ${known}.`,
  hour: ({ name, value, before }) =>
    `${name} runs at ${value}, an hour at which it never ran in weeks; it runs at ${before.join(", ")}.`,
  action: ({ service, value }) => `The action ${value} of ${service ?? "a service"} was never seen before.`,
};
