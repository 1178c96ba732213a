/** `midwatch verify`: whether everything stored is what was sealed. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { formatTime } from "../../model/time.ts";
import { bundleEvents } from "../../seal/bundle.ts";
import { type Finding, threats } from "../../seal/findings.ts";
import { folderSource } from "../../seal/head.ts";
import { checkpointsIn, cosignerMark, parseVerifier, type Verifier } from "../../seal/note.ts";
import { type Progress, type Verdict, type VerifyOptions, verifyLedger } from "../../seal/verify.ts";
import type { AddCommand } from "../command-line.ts";
import { loadConfig } from "../config.ts";
import { CommandFailure } from "../exit.ts";
import { openLedgerData } from "../ledger-data.ts";
import { printable } from "../printable.ts";
import { showCount } from "../show.ts";
import type { Terminal } from "../terminal.ts";

type Options = {
  readonly key?: string;
  readonly bundle?: string;
  readonly data?: string;
  readonly config?: string;
  readonly encryptionKeyFile?: string;
  readonly checkpoint?: readonly string[];
  readonly witness?: readonly string[];
  readonly resume?: string;
  readonly json?: true;
};

const progressEveryMs = 1000;
const barEveryMs = 100;
const barWidth = 30;

/** Witnesses by their public keys, as text or in files. */
function readWitnesses(texts: readonly string[]): readonly Verifier[] {
  return texts.map((text) => {
    const witness = parseVerifier(existsSync(text) ? readFileSync(text, "utf8") : text, cosignerMark);
    if (witness === undefined)
      throw new CommandFailure("usage", `${text} is no public key of a witness, nor a file with one`);
    return witness;
  });
}

/** Checkpoints in files as they are, or as they came: in a line of syslog, a body of JSON, a mail. */
function readCheckpoints(files: readonly string[], verifier: Verifier): readonly string[] {
  return files.flatMap((file) => {
    const found = checkpointsIn(readFileSync(file, "utf8"), verifier.name);
    if (found.length === 0)
      throw new CommandFailure("usage", `${file} holds no checkpoint of ${verifier.name}`);
    return found;
  });
}

/** A key as text, or in a file. Without one nothing can be verified. */
export function readPinnedKey(text: string | undefined): Verifier {
  if (text === undefined) {
    throw new CommandFailure(
      "usage",
      "give the ledger's public key with --key: `midwatch ledger key` prints it on the server; keep it elsewhere",
    );
  }
  const verifier = parseVerifier(existsSync(text) ? readFileSync(text, "utf8") : text);
  if (verifier === undefined)
    throw new CommandFailure("usage", `${text} is no public key of a ledger, nor a file with one`);
  return verifier;
}

export function keyOption(command: Command): Command {
  return command.option("--key <key>", "public key of the ledger, or a file with it ($MIDWATCH_LEDGER_KEY)");
}

export const addVerify: AddCommand = (program, terminal) => {
  keyOption(program.command("verify"))
    .summary("prove that nothing stored was changed, removed or inserted")
    .description(
      "Computes everything that was signed anew from what is stored, and says what does not fit. Needs\n" +
        "nothing but the ledger's public key: not the server's word, and no network. Reads the data\n" +
        "directory of this host, running or not, a copy of one, or an exported bundle.\n" +
        "Exit code 1 when anything is not proven.",
    )
    .option("--data <directory>", "data directory, or a backup of one ($MIDWATCH_DATA)")
    .option("--config <file>", "configuration file ($MIDWATCH_CONFIG)")
    .option("--encryption-key-file <file>", "key of an encrypted directory ($MIDWATCH_ENCRYPTION_KEY_FILE)")
    .option(
      "--bundle <directory>",
      "a bundle that `midwatch ledger export` wrote, instead of a data directory",
    )
    .option("--checkpoint <file...>", "checkpoints that were kept elsewhere; the ledger must begin with them")
    .option("--witness <key...>", "public keys of witnesses whose cosignatures must bear the ledger out")
    .option("--resume <file>", "keep a mark here, and go on from it when broken off")
    .option("--json", "print one object")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch verify --key host/midwatch/1a2b3c4d+9f8e7d6c+AQ...\n" +
        "  midwatch verify --bundle ./2026-11 --key ledger.key --checkpoint last-month.checkpoint\n",
    )
    .action(async (options: Options) => {
      const verifier = readPinnedKey(options.key ?? terminal.environment["MIDWATCH_LEDGER_KEY"]);
      const startedMs = terminal.clock();
      const verdict = await verify(options, verifier, terminal);
      const seconds = Math.max(0.001, (terminal.clock() - startedMs) / 1000);
      const lines = options.json
        ? [JSON.stringify({ ...verdict, key: verifier.name, seconds })]
        : verdictLines(verdict, verifier, seconds);
      await terminal.write(`${lines.join("\n")}\n`);
      if (!verdict.intact) throw new CommandFailure("nothing", "");
    });
};

async function verify(options: Options, verifier: Verifier, terminal: Terminal): Promise<Verdict> {
  const pinned = readCheckpoints(options.checkpoint ?? [], verifier);
  const witnesses = readWitnesses(options.witness ?? []);
  const mark = options.resume;
  const kept = mark !== undefined && existsSync(mark) ? readFileSync(mark, "utf8").trim() : undefined;
  const more = {
    verifier,
    pinned,
    witnesses,
    onProgress: progressTo(terminal, mark),
    ...(kept && { resume: kept }),
  };
  const verdict = await onPlace(options, terminal, (place) => verifyLedger({ ...place, ...more })).finally(
    () => terminal.progress?.(""),
  );
  if (mark !== undefined) rmSync(mark, { force: true });
  return verdict;
}

async function onPlace(
  options: Options,
  terminal: Terminal,
  act: (place: Pick<VerifyOptions, "source" | "events" | "unsigned" | "settle">) => Promise<Verdict>,
): Promise<Verdict> {
  if (options.bundle !== undefined) {
    return act({ source: folderSource(options.bundle), events: bundleEvents(options.bundle) });
  }
  const ledger = await openLedgerData(loadConfig(options, terminal.environment).values, terminal);
  try {
    return await act(ledger);
  } finally {
    await ledger.release();
  }
}

/** A bar on a terminal, else a line a second; and a mark from which the next verification may go on. */
function progressTo(terminal: Terminal, mark: string | undefined): (progress: Progress) => void {
  const everyMs = terminal.progress ? barEveryMs : progressEveryMs;
  const startedMs = terminal.clock();
  let nextMs = startedMs + everyMs;
  return ({ stage, entries, entriesTotal, events, resume }) => {
    const nowMs = terminal.clock();
    if (nowMs < nextMs) return;
    nextMs = nowMs + everyMs;
    const part = entries / Math.max(1, entriesTotal);
    const ofAll = `${entries} of ${showCount(entriesTotal, "entry", "entries")}`;
    if (stage === "entries") {
      (terminal.progress ?? terminal.note)(`reading the log: ${ofAll}`);
      return;
    }
    const counts = `${ofAll}, ${showCount(events, "event")}`;
    const percent = `${String(Math.floor(part * 100)).padStart(3)} %`;
    if (terminal.progress) {
      const leftSeconds = ((nowMs - startedMs) / 1000) * (1 / part - 1);
      terminal.progress(`${barOf(part)} ${percent}  ${counts}${leftText(leftSeconds)}`);
    } else {
      terminal.note(`${percent.trim()}  ${counts}`);
    }
    if (mark !== undefined && resume !== undefined) writeFileSync(mark, `${resume}\n`, { mode: 0o600 });
  };
}

function barOf(part: number): string {
  const full = Math.floor(part * barWidth);
  return `▕${"█".repeat(full)}${" ".repeat(barWidth - full)}▏`;
}

function leftText(seconds: number): string {
  return seconds < 90 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.round(seconds / 60)} min left`;
}

function verdictLines(verdict: Verdict, verifier: Verifier, seconds: number): readonly string[] {
  const { findings, findingsCount, counts } = verdict;
  const rate = Math.round(verdict.events / seconds);
  const seen =
    `${showCount(verdict.events, "event")} in ${showCount(verdict.segments, "segment")} verified, ` +
    `${verdict.erased} erased, ${showCount(verdict.goneSegments, "segment")} dropped, each by a sealed statement`;
  const head = verdict.intact
    ? `Intact: the ${showCount(verdict.size, "entry", "entries")} of ${verifier.name} are what was signed, and every stored event is what was sealed.`
    : `NOT INTACT: ${showCount(findingsCount, "finding")} in the ledger of ${verifier.name}.`;
  const statements = Object.entries(counts).map(([type, count]) => `${count} ${type}`);
  const more = findingsCount - findings.length;
  return [
    head,
    ...findings.map(findingLine),
    ...(more > 0 ? [`  … and ${more} more`] : []),
    `${seen}. ${rate} events a second.`,
    ...verdict.witnessed.map((witness) => witnessLine(witness, verdict.size)),
    ...verdict.pauses.slice(-3).map(pauseLine),
    statements.length === 0
      ? "Entries: none."
      : `Entries: ${statements.join(", ")}. The newest is from ${formatTime(verdict.newestMicros)}.`,
  ];
}

function witnessLine({ name, size, atMicros }: Verdict["witnessed"][number], entries: number): string {
  return `${name} saw the first ${size} of ${showCount(entries, "entry", "entries")} at ${formatTime(atMicros)}.`;
}

function pauseLine({ fromMicros, untilMicros }: Verdict["pauses"][number]): string {
  return `The server did not run from ${formatTime(fromMicros)} to ${formatTime(untilMicros)}.`;
}

function timesText([from, until]: readonly [string, string]): string {
  return from === until ? `at ${from}` : `from ${from} to ${until}`;
}

function findingLine(finding: Finding): string {
  const { threat, entry, segment, stream, received, index, id, time, because } = finding;
  const of = received ? ` of ${stream}, received ${timesText(received)}` : "";
  const place = [
    entry === undefined ? "" : `entry ${entry}`,
    segment === undefined ? "" : `segment ${segment}${of}`,
    index === undefined ? "" : `event ${index}`,
    id === undefined ? "" : `${id} of ${time}`,
  ].filter((part) => part !== "");
  return `  ${[`${threat} (${threats[threat]})`, place.join(", ")].join(" ").trimEnd()}: ${printable(because)}`;
}
