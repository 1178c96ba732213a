/** PagerDuty's Events API v2: an incident there is ours, known by its id. */
import type { ChannelKind } from "../channel.ts";

const actions = {
  opened: "trigger",
  escalated: "trigger",
  reminded: "trigger",
  test: "trigger",
  acknowledged: "acknowledge",
  resolved: "resolve",
} as const;

/** PagerDuty takes events of 512 KB; this much is read by anybody. */
const textsMax = 20;

export const pagerduty: ChannelKind = {
  fields: {
    routing_key: { form: "secret", required: true, about: "the integration key" },
    url: { form: "text", about: "another address than PagerDuty's own" },
  },
  hearsAcknowledgements: true,
  knownBy: "dedup_key, the incident's id",
  closesTests: true,
  make(settings, { post }) {
    const url = settings.text("url") ?? "https://events.pagerduty.com/v2/enqueue";
    return {
      async send({ incident, tiding }, letter) {
        const links = [
          ["Open in Midwatch", letter.link],
          ["Acknowledge in Midwatch", letter.acknowledge],
          ["Runbook", letter.runbook],
        ] as const;
        const body = JSON.stringify({
          routing_key: settings.text("routing_key"),
          event_action: actions[tiding],
          dedup_key: incident.id,
          client: "Midwatch",
          ...(letter.link !== undefined && { client_url: letter.link }),
          links: links.flatMap(([text, href]) =>
            href !== undefined && /^https?:\/\//.test(href) ? [{ href, text }] : [],
          ),
          payload: {
            summary: letter.heading,
            source: incident.host ?? incident.job?.service ?? "midwatch",
            severity: incident.severity,
            timestamp: new Date(incident.lastMs).toISOString(),
            ...(incident.job && { component: incident.job.job, group: incident.job.service }),
            class: incident.kind,
            custom_details: {
              because: letter.said,
              ...Object.fromEntries(letter.facts),
              runbook: letter.runbook,
              last_good_run: letter.lastGood,
              evidence: letter.evidence.slice(0, textsMax),
            },
          },
        });
        return await post(url, { body });
      },
    };
  },
};
