/** `midwatch audit`: records a sensitive action from a shell, on the disk before it returns. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { OwnEvent } from "../../agent/own.ts";
import type { AddCommand } from "../command-line.ts";
import { CommandFailure } from "../exit.ts";
import type { Environment } from "../terminal.ts";

type AuditOptions = {
  readonly subject?: string;
  readonly value: readonly string[];
  readonly actor?: string;
  readonly spool: string;
};

export const addAudit: AddCommand = (program, terminal) => {
  const { environment } = terminal;
  program
    .command("audit")
    .summary("record a sensitive action")
    .description(
      "Records that a sensitive action happened; it is on the disk when this returns. With a command, the\n" +
        "intent is recorded before the command runs and its outcome after it. Inside a job that\n" +
        "midwatch-run or `midwatch exec` started, the record is tied to that run. A value whose name says\n" +
        "that it is a secret is refused, not masked.",
    )
    .option("--subject <subject>", "what it was done to, such as customer:42")
    .option("--value <name=value...>", "more to know of it", [])
    .option("--actor <actor>", "who did it; default: $SUDO_USER or $LOGNAME")
    .option(
      "--spool <directory>",
      "where to record ($MIDWATCH_SPOOL)",
      environment["MIDWATCH_SPOOL"] || "/var/spool/midwatch",
    )
    .argument("<action>", "what was done, such as customer.exported")
    .argument("[command...]", "a command to guard, after --")
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  midwatch audit customer.exported --subject customer:42 --value records=1200\n" +
        "  midwatch audit database.restored --subject shop -- pg_restore --dbname shop /srv/shop.dump\n",
    )
    .action(async (action: string, command: readonly string[], options: AuditOptions) => {
      const { pid, clock, randomBytes } = terminal;
      const host = environment["MIDWATCH_HOST"] || terminal.hostname;
      const { SpoolWriter } = await import("../../agent/spool-writer.ts");
      const { compileRules } = await import("../../redact/rules.ts");
      const { redactEvent } = await import("../../redact/redact.ts");
      const rules = compileRules();
      const writer = new SpoolWriter({
        spool: options.spool,
        kind: "audit",
        host,
        pid,
        clock,
        randomBytes,
        redact: (event) => redactEvent(event, rules).event,
      });
      const { keyVerdict } = rules.textFor("", "");
      const { taken, refused } = readValues(options.value, (name) => keyVerdict(name) !== undefined);
      for (const name of refused)
        terminal.note(`midwatch audit: ${name} is a secret by its name and is not recorded`);
      const record = (outcome: string, more: Partial<OwnEvent> = {}): boolean =>
        writer.add(
          {
            kind: "audit.action",
            severity: "info",
            outcome,
            message: [outcome, action, options.subject ?? ""].join(" ").trim(),
            ...whereFrom(environment, options.actor),
            ...more,
            attributes: {
              action: action.slice(0, 200),
              ...(options.subject !== undefined && { subject: options.subject.slice(0, 500) }),
              ...(taken.length > 0 && { values: Object.fromEntries(taken) }),
              ...(refused.length > 0 && { refused }),
            },
          },
          { sync: true },
        );
      const unwritten = `the action cannot be recorded in ${options.spool}; may this user write there?`;
      if (command.length === 0) {
        if (!record("done")) throw new CommandFailure("unreachable", unwritten);
        return;
      }
      // The work is not stopped for our sake; that it went unrecorded is said.
      if (!record("intended")) terminal.note(`midwatch audit: ${unwritten}`);
      const code = await run(command);
      record(code === 0 ? "done" : "failed", { exit_code: code });
      terminal.abandon(code);
    });
};

function readValues(
  texts: readonly string[],
  isSecretName: (name: string) => boolean,
): { readonly taken: readonly (readonly [string, string])[]; readonly refused: readonly string[] } {
  const pairs = texts.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw new CommandFailure("usage", `--value: "${text}" is no name=value`);
    return [text.slice(0, at), text.slice(at + 1)] as const;
  });
  return {
    taken: pairs.filter(([name]) => !isSecretName(name)),
    refused: pairs.map(([name]) => name).filter((name) => isSecretName(name)),
  };
}

function whereFrom(environment: Environment, actor: string | undefined): Partial<OwnEvent> {
  const who = actor ?? (environment["SUDO_USER"] || environment["LOGNAME"]);
  const run = environment["MIDWATCH_RUN_ID"];
  const job = environment["MIDWATCH_JOB"];
  const service = environment["MIDWATCH_SERVICE"];
  const stage = environment["MIDWATCH_ENVIRONMENT"];
  return {
    runtime: "shell",
    ...(who && { actor: who }),
    ...(run && { run_id: run }),
    ...(job && { job }),
    ...(service && { service }),
    ...(stage && { environment: stage }),
  };
}

/** The command's exit code; what a shell would give where it could not be started or was killed. */
async function run(command: readonly string[]): Promise<number> {
  const child = spawn(command[0] as string, command.slice(1), { stdio: "inherit" });
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal ?? "SIGKILL"];
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? 127 : 126;
  }
}
