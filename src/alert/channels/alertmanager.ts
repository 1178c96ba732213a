/**
 * Prometheus' Alertmanager, interface v2. An alert there is known by its labels and ends when it is
 * not heard of any more, so what is open is said again every minute; the incident's id is a label.
 */
import type { Message } from "../../model/incident.ts";
import type { ChannelKind } from "../channel.ts";
import type { Letter } from "../text.ts";

/** What is not said again for so long ends there. Long enough for a start of ours, or an update of theirs. */
const validMs = 3_600_000;

export const alertmanager: ChannelKind = {
  fields: {
    url: { form: "text", required: true, about: "its address, without /api/v2" },
    user: { form: "text", about: "for basic authentication" },
    password: { form: "secret", about: "of that user" },
    token: { form: "secret", about: "bearer token" },
  },
  hearsAcknowledgements: false,
  knownBy: "the labels, one of which is the incident's id",
  closesTests: true,
  make(settings, { post, clock }) {
    const url = `${(settings.text("url") ?? "").replace(/\/$/, "")}/api/v2/alerts`;
    const [user, password, token] = ["user", "password", "token"].map(settings.text);
    const basic = Buffer.from(`${user ?? ""}:${password ?? ""}`).toString("base64");
    const authorization =
      token !== undefined ? `Bearer ${token}` : user !== undefined ? `Basic ${basic}` : undefined;
    const tell = (alerts: readonly object[]) =>
      post(url, {
        body: JSON.stringify(alerts),
        ...(authorization !== undefined && { headers: { authorization } }),
      });
    return {
      send: (message, letter) => tell([alertOf(message, letter, clock())]),
      refresh: (open) => tell(open.map(({ message, letter }) => alertOf(message, letter, clock()))),
    };
  },
};

function alertOf({ incident, tiding }: Message, letter: Letter, nowMs: number): object {
  const { id, kind, severity, job, host, openedMs, resolvedMs } = incident;
  const words = kind.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  const endsMs = tiding === "resolved" ? (resolvedMs ?? nowMs) : nowMs + validMs;
  return {
    // An empty label is none, as Alertmanager sees it.
    labels: {
      alertname: `Midwatch${words.join("")}`,
      severity,
      incident: id,
      job_name: job?.job ?? "",
      service: job?.service ?? "",
      environment: job?.environment ?? "",
      instance: host ?? "",
    },
    annotations: {
      summary: letter.heading,
      description: letter.lines.join("\n"),
      ...(letter.runbook !== undefined && { runbook_url: letter.runbook }),
      ...(letter.lastGood !== undefined && { last_good_run: letter.lastGood }),
      ...(letter.acknowledge !== undefined && { acknowledge_url: letter.acknowledge }),
    },
    startsAt: new Date(Math.min(openedMs, endsMs - 1)).toISOString(),
    endsAt: new Date(endsMs).toISOString(),
    ...(letter.link !== undefined && { generatorURL: letter.link }),
  };
}
