/**
 * What kind of error a failure is, by the names that Ruby and Python give their errors and by words
 * of their messages; and whether trying again can help.
 */
import type { EventRecord } from "../model/event.ts";

export type ErrorKind =
  | "timeout"
  | "connection"
  | "database"
  | "validation"
  | "programming"
  | "resources"
  | "killed";

export type Classified = { readonly kind: ErrorKind; readonly retryHelps: boolean; readonly advice: string };

type Rule = Classified & { readonly name: RegExp; readonly words?: RegExp };

/** The first that fits counts: a timeout of a database is a timeout, and a deadlock is no lack of memory. */
const rules: readonly Rule[] = [
  {
    kind: "killed",
    retryHelps: true,
    advice: "Its process was ended from outside; a retry can help unless it is ended again.",
    name: /^(SignalException|WorkerLost(Error)?|SystemExit|Interrupt|KeyboardInterrupt|OutOfMemory|Killed)$/,
    words: /\bSIG(KILL|TERM|ABRT|SEGV)\b|out of memory: killed/i,
  },
  {
    kind: "resources",
    retryHelps: false,
    advice: "Something ran out on the host; a retry alone will meet the same.",
    name: /(NoMemoryError|MemoryError|ENOSPC|EMFILE|ENFILE|EDQUOT|DiskFull|QuotaExceeded)/,
    words: /no space left on device|cannot allocate memory|too many open files|disk quota exceeded/i,
  },
  {
    kind: "timeout",
    retryHelps: true,
    advice: "It waited too long for something; a retry later can help.",
    name: /(Timeout|TimeLimitExceeded|TimedOut|ETIMEDOUT|ExecutionExpired)/i,
    words: /\btimed? ?out\b|deadline exceeded|execution expired|lock wait timeout/i,
  },
  {
    kind: "database",
    retryHelps: true,
    advice: "The database refused it for now (a lock, a deadlock, a lost connection); a retry can help.",
    name: /(Deadlock|LockWait|SerializationFailure|StatementInvalid|OperationalError|ConnectionNotEstablished|PG::|Mysql2::|SQLite3::Busy)/,
    words:
      /deadlock|could not serialize|database is locked|too many connections|server closed the connection/i,
  },
  {
    kind: "connection",
    retryHelps: true,
    advice: "It could not reach something; a retry later can help.",
    name: /(ECONN|EHOSTUNREACH|ENETUNREACH|EPIPE|ConnectionError|ConnectionRefused|ConnectionReset|SocketError|SSLError|BrokenPipe|gaierror|BadGateway|ServiceUnavailable)/i,
    words:
      /connection (refused|reset|closed)|name or service not known|temporary failure in name resolution|could not reach|502 bad gateway|503 service unavailable/i,
  },
  {
    kind: "validation",
    retryHelps: false,
    advice: "What it was given is not valid: a retry will fail in the same way.",
    name: /(RecordInvalid|RecordNotFound|RecordNotUnique|NotNullViolation|ValidationError|IntegrityError|DoesNotExist|InvalidArgument|ArgumentError|ValueError|DeserializationError|ParserError|JSONDecodeError)/,
    words: /validation failed|is not valid|couldn't find/i,
  },
  {
    kind: "programming",
    retryHelps: false,
    advice: "It is a fault of the program: a retry will fail in the same way until it is mended.",
    name: /(NoMethodError|NameError|TypeError|KeyError|IndexError|AttributeError|ImportError|ModuleNotFoundError|NotImplementedError|SyntaxError|LoadError|FrozenError|ZeroDivisionError|NotRegistered|AssertionError|LocalJumpError|SystemStackError|RecursionError|UndefinedTable|UndefinedColumn)/,
  },
];

/** Of these, the same words from several jobs speak of the same thing: a broker, a database, a disk. */
const outside: ReadonlySet<ErrorKind> = new Set(["connection", "database", "resources"]);
const sharedLengthMax = 300;

/** What several jobs have in common whose errors come of one thing outside them. */
export function sharedCauseOf(event: EventRecord): string | undefined {
  const kind = classify(event)?.kind;
  const [said = ""] = (event.error_message ?? "").split("\n", 1);
  if (!kind || !outside.has(kind) || said === "") return undefined;
  // Addresses and ports tell one thing from another; numbers of processes and requests do not.
  const plain = said
    .replaceAll(/0x[0-9a-f]+|[0-9a-f]{8}-[0-9a-f-]{27}|\d{7,}/gi, "#")
    .slice(0, sharedLengthMax);
  return JSON.stringify([
    kind,
    event.error_class ?? "",
    kind === "resources" ? (event.host ?? "") : "",
    plain,
  ]);
}

/** `undefined`: nothing is known of such errors. */
export function classify({
  error_class,
  error_message,
  signal,
}: Pick<EventRecord, "error_class" | "error_message" | "signal">): Classified | undefined {
  if (signal !== undefined) return rules[0];
  const name = error_class ?? "";
  // The name says more than words, which may come from anywhere.
  return (
    rules.find((rule) => name !== "" && rule.name.test(name)) ??
    rules.find((rule) => rule.words?.test((error_message ?? "").slice(0, 1000)))
  );
}
