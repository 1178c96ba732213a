/**
 * Records which cron jobs are installed on this host, each time when a crontab has changed: one
 * event an entry, and all entries of one reading share its name, so that what is not named any
 * more is known to be gone.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CronEntry, readCrontab } from "./crontab.ts";
import type { OwnEvent, OwnEvents } from "./own.ts";
import type { AgentState } from "./state.ts";

export type CrontabPlaces = {
  /** Crontabs whose lines name the user. */
  readonly systemFiles: readonly string[];
  readonly systemDirectories: readonly string[];
  /** Directories of crontabs that are named after their user. */
  readonly userDirectories: readonly string[];
};

/** As Debian, Red Hat and Alpine have them. */
export const crontabPlaces: CrontabPlaces = {
  systemFiles: ["/etc/crontab"],
  systemDirectories: ["/etc/cron.d"],
  userDirectories: ["/var/spool/cron/crontabs", "/var/spool/cron"],
};

const fileBytesMax = 256 * 1024;
const filesMax = 500;

/** Reads all crontabs that may be read, and records those that are not as they were. */
export function recordSchedules(state: AgentState, own: OwnEvents, places: CrontabPlaces): void {
  const known = JSON.parse(state.setting("crontabs") ?? "{}") as Record<string, string>;
  const now: Record<string, string> = {};
  const events: OwnEvent[] = [];
  for (const { path, user } of findCrontabs(places)) {
    const text = readText(path);
    if (text === undefined) continue;
    const reading = createHash("sha256").update(text).digest("hex").slice(0, 16);
    now[path] = reading;
    if (known[path] === reading) continue;
    const entries = readCrontab(text, user);
    if (entries.length > 0) events.push(...eventsOf(path, reading, entries));
    else if (known[path] !== undefined) events.push(emptyEvent(path, reading));
  }
  for (const path of Object.keys(known)) if (now[path] === undefined) events.push(emptyEvent(path, "gone"));
  if (events.length === 0 && JSON.stringify(now) === JSON.stringify(known)) return;
  state.change(() => {
    for (const event of events) own.add(event);
    state.setSetting("crontabs", JSON.stringify(now));
  });
}

function emptyEvent(path: string, reading: string): OwnEvent {
  const message = `No cron job is installed in ${path} any more.`;
  return {
    kind: "schedule.installed",
    runtime: "cron",
    message,
    attributes: { crontab: path, reading, entries: 0 },
  };
}

function eventsOf(path: string, reading: string, entries: readonly CronEntry[]): readonly OwnEvent[] {
  // Cron goes by the host's clock, and nobody else can say in which zone that is.
  const host_time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const shared = { crontab: path, reading, entries: entries.length, host_time_zone };
  return entries.map(
    ({ schedule, user, command, line, recordedAs, whenever, service, environment, timeZone }) => ({
      kind: "schedule.installed",
      runtime: whenever === undefined ? "cron" : "whenever",
      job: (recordedAs ?? command).slice(0, 500),
      actor: `cron: ${user}`,
      ...(service !== undefined && { service }),
      ...(environment !== undefined && { environment }),
      attributes: {
        ...shared,
        schedule,
        user,
        line,
        recorded: recordedAs !== undefined,
        ...(whenever !== undefined && { schedule_file: whenever }),
        ...(timeZone !== undefined && { time_zone: timeZone }),
      },
    }),
  );
}

function findCrontabs(
  places: CrontabPlaces,
): readonly { readonly path: string; readonly user: string | undefined }[] {
  const inside = (directory: string): readonly string[] => {
    try {
      return readdirSync(directory, { withFileTypes: true })
        .filter((entry) => entry.isFile() && /^[\w-][\w.-]*$/.test(entry.name))
        .map(({ name }) => name)
        .slice(0, filesMax);
    } catch {
      return [];
    }
  };
  return [
    ...places.systemFiles.map((path) => ({ path, user: undefined })),
    // Debian's cron passes over names with a dot here, such as those of old versions.
    ...places.systemDirectories.flatMap((directory) =>
      inside(directory)
        .filter((name) => !name.includes("."))
        .map((name) => ({ path: join(directory, name), user: undefined })),
    ),
    ...places.userDirectories.flatMap((directory) =>
      inside(directory).map((name) => ({ path: join(directory, name), user: name })),
    ),
  ];
}

function readText(path: string): string | undefined {
  try {
    const bytes = readFileSync(path);
    return bytes.length > fileBytesMax ? undefined : bytes.toString("utf8");
  } catch {
    // Not there, or another user's: only root may read those.
    return undefined;
  }
}
