/** `midwatch retention`: how long streams are kept, and the agreement that shortening it takes. */
import type { RetentionAnswer } from "../../api/access-schemas.ts";
import { addServerOption, makeClient, type ServerPlace } from "../client.ts";
import type { AddCommand } from "../command-line.ts";

export const addRetention: AddCommand = (program, terminal) => {
  addServerOption(program.command("retention"), terminal)
    .summary("say how long streams are kept, and what waits to be agreed to")
    .description(
      "Says how many days each stream is kept. A shorter retention in the settings of the server waits\n" +
        "until two people have agreed to it on the page, and holds from the next start on.",
    )
    .option("--json", "print it as one line of JSON")
    .addHelpText("after", "\nExample:\n  midwatch retention\n")
    .action(async ({ json, ...place }: ServerPlace & { readonly json?: true }) => {
      const answer = await makeClient(place, terminal).get<RetentionAnswer>("/api/v1/retention");
      const { days, wanted, agreedBy } = answer;
      const listed = (all: Readonly<Record<string, number>>): string =>
        Object.entries(all)
          .map(([stream, count]) => `${stream} ${count}`)
          .join(", ");
      const lines = [
        `Kept, in days: ${listed(days)}.`,
        ...(wanted
          ? [`Wanted: ${listed(wanted)}. Agreed so far: ${agreedBy.join(", ") || "nobody"}; two people must.`]
          : []),
      ];
      await terminal.write(json ? `${JSON.stringify(answer)}\n` : `${lines.join("\n")}\n`);
    });
};
