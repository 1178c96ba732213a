/** A message that says it is only a test, sent at once, so that a channel is known to work before it must. */
import { causeOf } from "../model/finding.ts";
import type { Incident, Message } from "../model/incident.ts";
import type { Delivery } from "./channel.ts";
import type { AlertSetup, Channel } from "./setup.ts";
import { letterOf } from "./text.ts";

export async function testChannel(
  name: string,
  { channels, page }: AlertSetup,
  id: string,
  nowMs: number,
): Promise<Delivery | undefined> {
  const channel = channels.find((one) => one.name === name);
  if (!channel) return undefined;
  const through: Channel = channel;
  const line = "Lines of what was recorded stand here.";
  const incident: Incident = {
    id,
    cause: causeOf("failed", "test", id),
    kind: "failed",
    state: "open",
    severity: "info",
    because: `This is a test of the channel ${name}. Nothing is wrong.`,
    openedMs: nowMs,
    lastMs: nowMs,
    count: 1,
    unknown: false,
    evidence: { eventIds: [], runIds: [] },
    reopenedMs: [],
    flapping: false,
  };
  const sent = await send({ incident, tiding: "test" });
  // What opens something there must be closed again.
  if (channel.closesTests && sent.outcome === "delivered") {
    await send({ incident: { ...incident, state: "resolved" }, tiding: "resolved" });
  }
  return sent;

  function send(part: Pick<Message, "incident" | "tiding">): Promise<Delivery> {
    const message: Message = {
      ...part,
      id,
      incidentId: id,
      channel: name,
      madeMs: nowMs,
      dueMs: nowMs,
      attempts: 1,
      state: "sending",
    };
    return through.send(message, letterOf(message, { page, background: { evidence: [line] } }));
  }
}
