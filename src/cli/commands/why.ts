/** `midwatch why`: why a job did or did not run at a time, in plain sentences. */
import type { WhyAnswer } from "../../api/watch-schemas.ts";
import { addServerOption, makeClient } from "../client.ts";
import type { AddCommand } from "../command-line.ts";
import { printable } from "../printable.ts";

type WhyOptions = {
  readonly server: string;
  readonly at?: string;
  readonly service?: string;
  readonly environment?: string;
  readonly json?: true;
};

export const addWhy: AddCommand = (program, terminal) => {
  const command = program
    .command("why")
    .summary("say why a job did or did not run at a time")
    .description("Says in plain sentences why a job did or did not run at a time, and by what that is known.")
    .argument("<job>", "its name")
    .option("--at <time>", "RFC 3339; default: now")
    .option("--service <name>", "of this service")
    .option("--environment <name>", "in this environment")
    .option("--json", "print it as one line of JSON");
  addServerOption(command, terminal)
    .addHelpText("after", '\nExamples:\n  midwatch why "daily report" --at 2026-11-21T02:00:00Z\n')
    .action(async (job: string, { at, service, environment, json, ...place }: WhyOptions) => {
      const answer = await makeClient(place, terminal).get<WhyAnswer>("/api/v1/why", {
        job,
        at,
        service,
        environment,
      });
      const lines = json ? [JSON.stringify(answer)] : answer.sentences.map(printable);
      await terminal.write(`${lines.join("\n")}\n`);
    });
};
