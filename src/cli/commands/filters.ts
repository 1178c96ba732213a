/** The options that `search` and `tail` share: which events are wanted. */
import { type Command, Option } from "commander";
import { kinds, severities, streams } from "../../model/event.ts";
import type { Query } from "../client.ts";

export type FilterOptions = {
  readonly stream?: readonly string[];
  readonly kind?: readonly string[];
  readonly service?: readonly string[];
  readonly environment?: readonly string[];
  readonly host?: readonly string[];
  readonly job?: readonly string[];
  readonly severity?: string;
  readonly run?: string;
  readonly trace?: string;
};

export function addFilterOptions(command: Command): Command {
  return command
    .addOption(new Option("--stream <name...>", "any of these streams").choices(streams))
    .option("--kind <name...>", `any of these kinds, such as ${Object.keys(kinds).slice(4, 6).join(" or ")}`)
    .option("--service <name...>", "any of these services")
    .option("--environment <name...>", "any of these environments")
    .option("--host <name...>", "any of these hosts")
    .option("--job <name...>", "any of these jobs")
    .addOption(new Option("--severity <name>", "at least this severe").choices(severities))
    .option("--run <id>", "of this run")
    .option("--trace <id>", "of this trace");
}

/** `words` are joined to the query in the search language. */
export function filterQuery(words: readonly string[], options: FilterOptions): Query {
  const { stream, kind, service, environment, host, job, severity, run, trace } = options;
  const q = words.join(" ");
  return {
    ...(q !== "" && { q }),
    stream,
    kind,
    service,
    environment,
    host,
    job,
    severity,
    run,
    trace,
  };
}
