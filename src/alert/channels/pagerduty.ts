/** PagerDuty's Events API v2: an incident there is ours, known by its id. */
import type { ChannelKind } from "../channel.ts";
import { postTo } from "../http.ts";

const actions = {
  opened: "trigger",
  test: "trigger",
  acknowledged: "acknowledge",
  resolved: "resolve",
} as const;

export const pagerduty: ChannelKind = {
  fields: {
    routing_key: { form: "secret", required: true, about: "the integration key" },
    url: { form: "text", about: "another address than PagerDuty's own" },
  },
  hearsAcknowledgements: true,
  knownBy: "dedup_key, the incident's id",
  make(settings, { clock }) {
    const url = settings.text("url") ?? "https://events.pagerduty.com/v2/enqueue";
    return async ({ incident, tiding }, { heading, link }) => {
      const body = JSON.stringify({
        routing_key: settings.text("routing_key"),
        event_action: actions[tiding],
        dedup_key: incident.id,
        client: "Midwatch",
        ...(link !== undefined && { links: [{ href: link, text: "Open in Midwatch" }] }),
        payload: {
          summary: heading,
          source: incident.host ?? incident.job?.service ?? "midwatch",
          severity: incident.severity,
          timestamp: new Date(incident.lastMs).toISOString(),
          ...(incident.job && { component: incident.job.job, group: incident.job.service }),
          class: incident.kind,
          custom_details: {
            because: incident.because,
            count: incident.count,
            runs: incident.evidence.runIds,
            runbook: incident.runbook,
          },
        },
      });
      return await postTo(url, { body, headers: {}, clock });
    };
  },
};
