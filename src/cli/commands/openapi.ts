/** `midwatch openapi`: the description of the HTTP interface. */
import type { AddCommand } from "../command-line.ts";
import { version } from "../version.ts";

export const addOpenapi: AddCommand = (program, terminal) => {
  program
    .command("openapi")
    .summary("print the description of the HTTP interface")
    .description(
      "Prints the HTTP interface as an OpenAPI document, made from the same schemas as the server.",
    )
    .addHelpText("after", "\nExample:\n  midwatch openapi > openapi.json\n")
    .action(async () => {
      const { describeServer } = await import("../../api/describe.ts");
      await terminal.write(`${JSON.stringify(await describeServer(version), null, 2)}\n`);
    });
};
