/** Completion of the query language: which word the caret stands in, and what could stand there. */
import type { Values } from "../../src/api/schemas.ts";
import type { FieldName } from "../../src/model/fields.ts";

export type Token = { readonly text: string; readonly start: number; readonly end: number };

export type Completion = {
  readonly label: string;
  readonly about?: string;
  readonly count?: number;
  /** The whole text of the box once this is taken, and where the caret stands then. */
  readonly text: string;
  readonly caret: number;
  /** More can be completed after it unless it is final. */
  readonly final: boolean;
  /** Goes somewhere instead of changing the text. */
  readonly address?: string;
};

/** Fields that somebody would search by, each with what it says. */
const searchable: { readonly [F in FieldName]?: string } = {
  job: "class, task or cron line",
  kind: "what happened, such as job.failed",
  severity: "trace to fatal",
  service: "the application",
  environment: "production, staging, …",
  host: "the machine",
  queue: "where it waits",
  worker: "the process that ran it",
  run_id: "one run",
  trace_id: "a request and all it caused",
  error_class: "class of the error",
  fingerprint: "failures that are the same",
  actor: "who or what asked for it",
  release: "version of the application",
  runtime: "delayed_job, celery, cron, …",
  stream: "jobs, logs, http, audit",
  outcome: "how it ended",
  signal: "the signal that ended it",
  source: "the recorder",
};

/** The word around the caret; quotes hold a word together. */
export function tokenAt(text: string, caret: number): Token {
  for (const match of text.matchAll(/(?:[^\s"()]|"[^"]*"?)+/g)) {
    const end = match.index + match[0].length;
    if (match.index <= caret && caret <= end) return { text: match[0], start: match.index, end };
  }
  return { text: "", start: caret, end: caret };
}

export function completeFields(text: string, token: Token): readonly Completion[] {
  const not = token.text.startsWith("-") ? "-" : "";
  const begun = token.text.slice(not.length).toLowerCase();
  return Object.entries(searchable)
    .filter(([name]) => name.startsWith(begun))
    .slice(0, 5)
    .map(([name, about]) =>
      replaced(text, token, `${not}${name}:`, { label: `${not}${name}:`, about, final: false }),
    );
}

export function completeValues(
  text: string,
  token: Token,
  values: Values["values"],
  wholeToken = false,
): readonly Completion[] {
  const colon = token.text.indexOf(":");
  const head = token.text.slice(0, colon + 1);
  const begun = token.text
    .slice(colon + 1)
    .replaceAll('"', "")
    .toLowerCase();
  return values
    .filter(({ value }) => value !== "" && value.toLowerCase().includes(begun))
    .slice(0, 10)
    .map(({ value, count }) => {
      const word = `${head}${quoted(value)} `;
      return replaced(text, token, word, { label: wholeToken ? word.trim() : value, count, final: true });
    });
}

/** A value as it must be written in a query. */
export function quoted(value: string): string {
  return /^[\w.@/+-]+$/.test(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** What the box holds when `word` has taken the place of the token. */
function replaced(
  text: string,
  token: Token,
  word: string,
  rest: Omit<Completion, "text" | "caret">,
): Completion {
  const after = text.slice(token.end).replace(/^\s+/, "");
  return {
    ...rest,
    text: `${text.slice(0, token.start)}${word}${after}`,
    caret: token.start + word.length,
  };
}

/** A query with one more condition, unless it stands there already. */
export function narrowed(text: string, field: string, value: string, not = false): string {
  const word = `${not ? "-" : ""}${field}:${quoted(value)}`;
  if (text.split(/\s+/).includes(word)) return text;
  // What stands side by side holds before `or`.
  const whole = /\sor\s/i.test(text) && !/^\([^()]*\)$/.test(text) ? `(${text})` : text;
  return `${whole} ${word}`.trim();
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return uuid.test(text);
}

/** The id in a text that could be nothing but an id: a UUID, a name with a number, long hex digits. */
export function idOf(text: string): string | undefined {
  const field = /^-?[a-z_]+:\D/.test(text);
  const named = /^(?=\S*\d)[\w.-]+[:/-]\S*$|^[0-9a-f]{12,64}$/i.test(text);
  return !field && (isUuid(text) || named) ? text : undefined;
}
