/** The redaction tester: what today's rules do to a text, which is neither kept nor recorded. */
import { Type } from "typebox";
import { streams } from "../../model/event.ts";
import { Fault } from "../../model/fault.ts";
import { explain } from "../../redact/explain.ts";
import type { CompiledRules } from "../../redact/rules.ts";
import { builtIn } from "../../redact/ruleset.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

const textLengthMax = 65_536;

const questionSchema = Type.Object(
  {
    text: Type.String({ maxLength: textLengthMax, description: "as it would stand in a message" }),
    service: Type.Optional(Type.String({ maxLength: 128, description: "for rules that hold for some" })),
    job: Type.Optional(Type.String({ maxLength: 512, description: "for rules that hold for some" })),
    stream: Type.Optional(
      Type.Union(
        streams.map((name) => Type.Literal(name)),
        { description: "for verdicts that hold for one" },
      ),
    ),
  },
  { additionalProperties: false },
);

const explanationSchema = Type.Object({
  redacted: Type.String({ description: "the text as it would be stored, without fingerprints and tokens" }),
  findings: Type.Array(
    Type.Object({
      rule: Type.String(),
      class: Type.String(),
      verdict: Type.String({ description: "drop, token or mask" }),
      start: Type.Integer({ description: "of the text that was given, in characters" }),
      end: Type.Integer(),
      replacement: Type.String(),
    }),
  ),
});

const classesSchema = Type.Object({
  rows: Type.Array(
    Type.Object({
      name: Type.String(),
      verdict: Type.String({ description: "drop, token, mask or off" }),
      byStream: Type.Record(Type.String(), Type.String(), {
        description: "where another verdict holds for a stream",
      }),
    }),
  ),
});

export const addRedactionRoutes: AddRoutes = (server, { redaction }) => {
  const rules = (): CompiledRules => {
    if (!redaction) throw new Fault("NOT_FOUND", "This server has no rules of redaction.");
    return redaction();
  };

  server.post(
    "/api/v1/redaction/test",
    {
      schema: {
        operationId: "testRedaction",
        tags: ["redaction"],
        summary: "Show what today's rules of redaction do to a text; nothing of it is kept",
        body: questionSchema,
        response: { 200: explanationSchema, ...refusals(400, 403, 404, 413, 421) },
      },
    },
    async ({ body: { text, service = "", job = "", stream = "logs" } }) => {
      const { redacted, findings } = explain(text, rules(), service, job, stream);
      return { redacted, findings: [...findings] };
    },
  );

  server.get(
    "/api/v1/redaction/classes",
    {
      schema: {
        operationId: "listRedactionClasses",
        tags: ["redaction"],
        summary: "List the classes of what is hidden, and what is left behind of each",
        response: { 200: classesSchema, ...refusals(404, 421) },
      },
    },
    async () => {
      const verdictOf = (stream: string, name: string): string =>
        rules().textFor("", "", stream).verdictOf(name);
      const rows = Object.keys(builtIn.classes).map((name) => {
        const verdict = verdictOf("", name);
        const others = streams.map((stream) => [stream, verdictOf(stream, name)] as const);
        return {
          name,
          verdict,
          byStream: Object.fromEntries(others.filter(([, other]) => other !== verdict)),
        };
      });
      return { rows };
    },
  );
};
