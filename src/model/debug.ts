/** A wish for more log lines for a while: of one service, job or logger, until a moment. */

export type DebugWish = {
  /** Absent: any. One of the three is always given. */
  readonly service?: string;
  readonly job?: string;
  readonly logger?: string;
  readonly untilMs: number;
};

export type DebugRequest = DebugWish & {
  readonly id: string;
  /** Who asked for it. */
  readonly by: string;
  readonly madeMs: number;
};

/** Longer would be another level, and that is what the setting `log_level` is for. */
export const debugMinutesMax = 24 * 60;
/** In force at once. */
export const debugRequestsMax = 100;

/** What agents are told, and write into the spool for the recorders (contract/settings/README.md). */
export type DebugOrder = {
  readonly service: string | null;
  readonly job: string | null;
  readonly logger: string | null;
  readonly until: string;
};

export function orderOf({ service, job, logger, untilMs }: DebugWish): DebugOrder {
  return {
    service: service ?? null,
    job: job ?? null,
    logger: logger ?? null,
    until: new Date(untilMs).toISOString(),
  };
}
