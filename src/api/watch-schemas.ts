/** The shapes of everything about the watch: incidents, monitors, channels, explanations. */
import { type Static, Type } from "typebox";
import { type FindingKind, findingKinds } from "../model/finding.ts";
import {
  type IncidentState,
  incidentStates,
  messageStates,
  tidings,
  timelineActs,
} from "../model/incident.ts";
import { type Urgency, urgencies } from "../model/monitor.ts";
import { silencePurposes } from "../model/silence.ts";

const time = () => Type.String({ format: "date-time", description: "RFC 3339, UTC, microseconds" });
const text = () => Type.String();
const oneOf = <Value extends string>(values: readonly Value[], description?: string) =>
  Type.Unsafe<Value>(Type.String({ enum: [...values], ...(description !== undefined && { description }) }));
const names = { service: Type.Optional(text()), environment: Type.Optional(text()) };
const shortText = (description: string) => Type.String({ minLength: 1, maxLength: 500, description });
const ms = (description: string) => Type.Integer({ minimum: 0, maximum: 366 * 86_400_000, description });

const incidentSchema = Type.Object({
  id: text(),
  kind: oneOf<FindingKind>(findingKinds),
  state: oneOf<IncidentState>(incidentStates),
  severity: oneOf<Urgency>(urgencies),
  because: Type.String({ description: "what is wrong, in a sentence" }),
  job: Type.Optional(text()),
  ...names,
  host: Type.Optional(text()),
  owner: Type.Optional(text()),
  runbook: Type.Optional(text()),
  openedTime: time(),
  lastTime: time(),
  count: Type.Integer({ minimum: 1, description: "how often it was found" }),
  unknown: Type.Boolean({ description: "it may be well: nobody was there to see it" }),
  flapping: Type.Boolean({ description: "it comes and goes" }),
  eventIds: Type.Array(text(), { description: "the newest of the evidence" }),
  runIds: Type.Array(text()),
  toldTime: Type.Optional(time()),
  snoozedUntilTime: Type.Optional(time()),
  snoozeReason: Type.Optional(text()),
  decidedBy: Type.Optional(Type.String({ description: "who acknowledged or snoozed it last" })),
  decidedBecause: Type.Optional(text()),
  resolvedTime: Type.Optional(time()),
  resolvedBecause: Type.Optional(text()),
  toldTo: Type.Optional(Type.Array(text(), { description: "channels that were told that it is open" })),
  parentId: Type.Optional(
    Type.String({ description: "the incident that has the same cause and is told instead" }),
  ),
  children: Type.Optional(Type.Integer({ description: "how many are a part of it" })),
  successes: Type.Optional(
    Type.Integer({ description: "since it was last found, where several are wanted" }),
  ),
});
export type IncidentAnswer = Static<typeof incidentSchema>;
export { incidentSchema };

export const incidentListSchema = Type.Object({ rows: Type.Array(incidentSchema) });
export type IncidentList = Static<typeof incidentListSchema>;

export const incidentDetailSchema = Type.Object({
  incident: incidentSchema,
  timeline: Type.Array(Type.Object({ time: time(), act: oneOf(timelineActs), by: text(), because: text() }), {
    description: "every decision and its reason, newest first, at most 500",
  }),
  messages: Type.Array(
    Type.Object({
      id: text(),
      channel: text(),
      tiding: oneOf(tidings),
      state: oneOf(messageStates),
      madeTime: time(),
      attempts: Type.Integer({ minimum: 0 }),
      receipt: Type.Optional(Type.String({ description: "what the receiver answered last" })),
    }),
    { description: "who was told what, newest first, at most 500" },
  ),
});
export type IncidentDetailAnswer = Static<typeof incidentDetailSchema>;

const by = () =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: "who, as they say" }));
export const decisionSchema = Type.Object(
  { reason: Type.Optional(shortText("why")), by: by() },
  { additionalProperties: false },
);
export const reasonedSchema = Type.Object(
  { reason: shortText("why"), by: by() },
  { additionalProperties: false },
);
export const snoozeSchema = Type.Object(
  { reason: shortText("why"), until: time(), by: by() },
  { additionalProperties: false },
);

const matcherSchema = Type.Object(
  {
    job: Type.Optional(Type.String({ maxLength: 512 })),
    service: Type.Optional(Type.String({ maxLength: 128 })),
    environment: Type.Optional(Type.String({ maxLength: 64 })),
    host: Type.Optional(Type.String({ maxLength: 255 })),
    owner: Type.Optional(Type.String({ maxLength: 200 })),
    kind: Type.Optional(oneOf<FindingKind>(findingKinds)),
    severity: Type.Optional(oneOf<Urgency>(urgencies, "this one and what is more urgent")),
  },
  { additionalProperties: false, description: "all that is given must hold; nothing given: every incident" },
);

export const putSilenceSchema = Type.Object(
  {
    purpose: Type.Optional(oneOf(silencePurposes)),
    when: matcherSchema,
    from: Type.Optional(Type.String({ description: "RFC 3339; absent: now" })),
    until: time(),
    reason: shortText("why"),
    by: by(),
  },
  { additionalProperties: false },
);
export const endSilenceSchema = Type.Object({ by: by() }, { additionalProperties: false });

export const silenceSchema = Type.Object({
  id: text(),
  purpose: oneOf(silencePurposes),
  when: matcherSchema,
  fromTime: time(),
  untilTime: time(),
  reason: text(),
  by: text(),
  madeTime: time(),
  state: oneOf(["in force", "to come", "over"] as const),
  endedTime: Type.Optional(time()),
  endedBy: Type.Optional(text()),
});
export type SilenceAnswer = Static<typeof silenceSchema>;
export const silenceListSchema = Type.Object({ rows: Type.Array(silenceSchema) });
export type SilenceList = Static<typeof silenceListSchema>;

const token = () =>
  Type.String({ minLength: 1, maxLength: 500, description: "what stands behind # in the link" });
export const linkReadSchema = Type.Object({ token: token() }, { additionalProperties: false });
export const linkAcknowledgeSchema = Type.Object(
  { token: token(), reason: Type.Optional(shortText("why")), by: by() },
  { additionalProperties: false },
);
export const linkSchema = Type.Object({
  incidentId: text(),
  because: Type.String({ description: "what is wrong, in a sentence" }),
  state: oneOf<IncidentState>(incidentStates),
  severity: oneOf<Urgency>(urgencies),
  openedTime: time(),
  channel: Type.String({ description: "to which the link was sent" }),
  current: Type.Boolean({ description: "it can still be acknowledged by this link" }),
  decidedBy: Type.Optional(text()),
});
export type LinkAnswer = Static<typeof linkSchema>;

export const scheduleSchema = Type.Object(
  {
    expression: Type.Optional(
      Type.String({ maxLength: 200, description: "five fields of cron, or `@daily`" }),
    ),
    everySeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 366 * 86_400 })),
    timeZone: Type.String({ maxLength: 64, description: "IANA name" }),
    runtime: Type.Optional(Type.String({ maxLength: 32, description: "whose rules hold: cron, celery" })),
    entry: Type.Optional(Type.String({ maxLength: 512, description: "the entry of Celery beat" })),
    host: Type.Optional(Type.String({ maxLength: 255 })),
  },
  { additionalProperties: false },
);

const jobNameParts = {
  job: Type.String({ minLength: 1, maxLength: 512 }),
  service: Type.Optional(Type.String({ maxLength: 128, description: "absent: any" })),
  environment: Type.Optional(Type.String({ maxLength: 64, description: "absent: any" })),
};

const monitorParts = {
  ...jobNameParts,
  schedules: Type.Array(scheduleSchema, { maxItems: 50, description: "empty: as it is declared, or none" }),
  graceMs: ms("a run that has not begun so long after its slot is missed"),
  lateAfterMs: Type.Optional(ms("a run that begins later than this is told of")),
  durationMaxMs: Type.Optional(ms("a run that is open for longer is too long")),
  durationMinMs: Type.Optional(ms("a run that succeeds sooner is told of")),
  waitMaxMs: Type.Optional(ms("a run that waits longer is told of")),
  outputMinBytes: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1e12,
      description: "a run that succeeds and writes less is told of",
    }),
  ),
  calendar: Type.Optional(
    Type.Object(
      {
        weekdays: Type.Optional(
          Type.Array(Type.Integer({ minimum: 0, maximum: 6 }), {
            maxItems: 7,
            description: "0 is Monday; absent: every day",
          }),
        ),
        holidays: Type.Optional(
          Type.Array(Type.String({ pattern: "^\\d{4}-\\d{2}-\\d{2}$" }), {
            maxItems: 1000,
            description: "days on which nothing is due",
          }),
        ),
      },
      { additionalProperties: false },
    ),
  ),
  needs: Type.Optional(
    Type.Array(Type.Object(jobNameParts, { additionalProperties: false }), {
      maxItems: 20,
      description: "jobs that this one needs: while one of them is in trouble, its own is part of theirs",
    }),
  ),
  overlapAllowed: Type.Boolean(),
  failuresBeforeTelling: Type.Integer({ minimum: 1, maximum: 1000 }),
  successesBeforeOver: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: "so many before an incident is over; absent: one",
    }),
  ),
  severity: oneOf<Urgency>(urgencies),
  owner: Type.Optional(Type.String({ maxLength: 200 })),
  runbook: Type.Optional(Type.String({ maxLength: 1000 })),
};

const listedSchema = Type.Object({
  monitor: Type.Object(monitorParts),
  source: oneOf(["default", "declared", "set"] as const),
  changedTime: Type.Optional(time()),
  changedBy: Type.Optional(text()),
});
export type ListedMonitorAnswer = Static<typeof listedSchema>;

export const monitorListSchema = Type.Object({ rows: Type.Array(listedSchema) });
export type MonitorList = Static<typeof monitorListSchema>;

export const driftListSchema = Type.Object({
  rows: Type.Array(
    Type.Object({
      what: oneOf(["not installed", "not declared", "installed twice", "other time"] as const),
      ...jobNameParts,
      because: text(),
      declared: Type.Array(scheduleSchema),
      installed: Type.Array(scheduleSchema),
      seenTime: time(),
      lastRunTime: Type.Optional(
        Type.String({ format: "date-time", description: "when it was last heard of, within the last week" }),
      ),
    }),
  ),
});
export type DriftList = Static<typeof driftListSchema>;

export const monitorDetailSchema = Type.Object({
  ...listedSchema.properties,
  changes: Type.Array(
    Type.Object({
      time: time(),
      by: text(),
      before: Type.Optional(Type.Object(monitorParts)),
      after: Type.Optional(Type.Object(monitorParts)),
    }),
    { description: "newest first, at most 100" },
  ),
});
export type MonitorDetail = Static<typeof monitorDetailSchema>;

export const putMonitorsSchema = Type.Object(
  {
    monitors: Type.Array(Type.Object(monitorParts, { additionalProperties: false }), { maxItems: 1000 }),
    remove: Type.Optional(
      Type.Array(Type.Object(jobNameParts, { additionalProperties: false }), { maxItems: 1000 }),
    ),
    by: by(),
  },
  { additionalProperties: false },
);

export const channelListSchema = Type.Object({
  rows: Type.Array(
    Type.Object({
      name: text(),
      kind: text(),
      severityMin: oneOf<Urgency>(urgencies),
      knownBy: Type.Optional(Type.String({ description: "how it knows a message that comes again" })),
    }),
  ),
  onCall: Type.Array(Type.Object({ rotation: text(), channel: text() }), {
    description: "of each rotation the channel whose turn it is now",
  }),
});
export type ChannelList = Static<typeof channelListSchema>;

export const deliverySchema = Type.Object({ delivered: Type.Boolean(), receipt: text() });
export type DeliveryAnswer = Static<typeof deliverySchema>;

export const whySchema = Type.Object({ sentences: Type.Array(text()), runIds: Type.Array(text()) });
export type WhyAnswer = Static<typeof whySchema>;
