/** Events of a source never arrived: what they said is not known. */
import { causeOf } from "../model/finding.ts";
import type { Detector } from "./detectors.ts";

export const sourceGap: Detector = ({ gaps }) =>
  gaps.map((event) => {
    const { gap_source: gapSource, file } = event.attributes ?? {};
    const source = [gapSource, file, event.source].find((name) => typeof name === "string") ?? "";
    return {
      kind: "source_gap",
      cause: causeOf("source_gap", event.host ?? "", source),
      atMs: Date.parse(event.time),
      because: `Events are missing: ${event.message ?? "a recorder left a gap"}.`.replace(/\.\.$/, "."),
      ...(event.host !== undefined && { host: event.host }),
      severity: event.severity === "error" ? "warning" : "info",
      evidence: { eventIds: [event.id], runIds: [] },
    };
  });
