/**
 * Crontabs, read as cron reads them (crontab(5), Debian's cron): what is installed on this host,
 * with the name under which its runs are recorded.
 */
export type CronEntry = {
  /** Five fields, or `@daily` and its like. */
  readonly schedule: string;
  /** Whose crontab it is, or the user that a system crontab names. */
  readonly user: string;
  readonly command: string;
  readonly line: number;
  /** The name that a wrapper was given; absent where its runs are not recorded. */
  readonly recordedAs?: string;
  /** The `schedule.rb` that whenever wrote it from. */
  readonly whenever?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly timeZone?: string;
};

const entriesMax = 1000;

/** A user's crontab has no column for the user; a system crontab has. */
export function readCrontab(text: string, user: string | undefined): readonly CronEntry[] {
  const entries: CronEntry[] = [];
  const variables = new Map<string, string>();
  let whenever: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const block = /^# (Begin|End) Whenever generated tasks for: (.*?)(?: at: .*)?$/.exec(line);
    if (block) whenever = block[1] === "Begin" ? block[2] : undefined;
    if (/^\s*(#|$)/.test(line) || entries.length >= entriesMax) continue;
    const setting = /^\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z_]\w*))\s*=\s*(.*?)\s*$/.exec(line);
    if (setting) {
      variables.set(setting[1] ?? setting[2] ?? setting[3] ?? "", unquote(setting[4] ?? ""));
      continue;
    }
    const entry = readEntry(line, user);
    if (entry)
      entries.push({
        ...entry,
        ...wrapping(entry.command, variables),
        line: index + 1,
        ...(whenever && { whenever }),
      });
  }
  return entries;
}

function readEntry(
  line: string,
  user: string | undefined,
): Pick<CronEntry, "schedule" | "user" | "command"> | undefined {
  const match = /^\s*(@[a-z]+|(?:\S+\s+){4}\S+)\s+(.+)$/.exec(line);
  if (!match) return undefined;
  const schedule = (match[1] as string).replaceAll(/\s+/g, " ");
  const rest = match[2] as string;
  if (user !== undefined) return { schedule, user, command: commandOf(rest) };
  const named = /^(\S+)\s+(.+)$/.exec(rest);
  return named ? { schedule, user: named[1] as string, command: commandOf(named[2] as string) } : undefined;
}

/** Cron cuts a command at the first bare percent sign: what follows is its input. */
function commandOf(text: string): string {
  const end = /(?<!\\)%/.exec(text)?.index;
  return text.slice(0, end).replaceAll("\\%", "%").trim();
}

type Wrapping = Pick<CronEntry, "recordedAs" | "service" | "environment" | "timeZone">;

/** What our wrappers were told, and what the crontab's variables say. */
function wrapping(command: string, variables: ReadonlyMap<string, string>): Wrapping {
  const zone = variables.get("CRON_TZ") ?? variables.get("TZ");
  const words = wordsOf(command);
  const told = runWords(words) ?? execWords(words);
  const service = told?.service ?? variables.get("MIDWATCH_SERVICE");
  const environment = told?.environment ?? variables.get("MIDWATCH_ENVIRONMENT");
  return {
    ...(told?.job !== undefined && { recordedAs: told.job }),
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
    ...(zone !== undefined && { timeZone: zone }),
  };
}

type Told = { job?: string; service?: string; environment?: string };

function runWords(words: readonly string[]): Told | undefined {
  const at = words.findIndex((word) => /(^|\/)midwatch-run$/.test(word));
  if (at < 0) return undefined;
  const told: Told = {};
  let next = at + 1;
  for (; ["-r", "-s", "-e", "-a"].includes(words[next] ?? ""); next += 2) {
    const value = words[next + 1] ?? "";
    if (words[next] === "-s") told.service = value;
    if (words[next] === "-e") told.environment = value;
  }
  const job = words[next];
  return job === undefined ? undefined : { ...told, job };
}

function execWords(words: readonly string[]): Told | undefined {
  const at = words.findIndex((word, index) => /(^|\/)midwatch$/.test(word) && words[index + 1] === "exec");
  if (at < 0) return undefined;
  const end = words.indexOf("--", at);
  const flags = words.slice(at + 2, end < 0 ? undefined : end);
  const told = (name: string): string | undefined => {
    const named = flags.indexOf(name);
    return named < 0
      ? flags.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
      : flags[named + 1];
  };
  const [job, service, environment] = [told("--job"), told("--service"), told("--environment")];
  if (job === undefined) return undefined;
  return {
    job,
    ...(service !== undefined && { service }),
    ...(environment !== undefined && { environment }),
  };
}

/** The words of a command as a shell takes them apart, up to the first that is no plain word. */
function wordsOf(command: string): readonly string[] {
  const words: string[] = [];
  const part = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/y;
  let word: string | undefined;
  for (let at = 0; at < command.length; ) {
    part.lastIndex = at;
    const match = part.exec(command);
    if (match) {
      word =
        (word ?? "") + (match[1] ?? match[2]?.replaceAll(/\\(["\\$`])/g, "$1") ?? match[3] ?? match[4] ?? "");
      at = part.lastIndex;
    } else {
      // A blank ends a word; an open quote ends the reading.
      if (word !== undefined) words.push(word);
      word = undefined;
      if (!/\s/.test(command[at] as string)) return words;
      at += 1;
    }
  }
  return word === undefined ? words : [...words, word];
}

function unquote(text: string): string {
  return /^(['"])(.*)\1$/.exec(text)?.[2] ?? text;
}
