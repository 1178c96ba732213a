/**
 * The JSON Schema (draft 2020-12) of an event on the wire, made from the table of fields. It says
 * what a sender may rely on; `contract/event.schema.json` is its written form.
 */
import { kinds, severities, streams } from "./event.ts";
import { type Field, fields } from "./fields.ts";
import { limits } from "./limits.ts";

type Schema = { readonly [key: string]: unknown };

const forms: { readonly [Form in Field["form"]]: (field: Field) => Schema } = {
  id: () => ({ type: "string", format: "uuid" }),
  time: () => ({ type: "string", format: "date-time" }),
  symbol: (field) => ({ type: "string", minLength: 1, maxLength: field.max }),
  string: (field) => ({ type: "string", minLength: 1, maxLength: field.max }),
  integer: (field) => ({ type: "integer", minimum: field.min ?? 0, maximum: field.max }),
  number: (field) => ({ type: "number", minimum: field.min ?? 0, maximum: field.max }),
};

export function eventSchema(): Schema {
  const known = Object.entries(fields).map(([name, field]: [string, Field]) => [
    name,
    { ...forms[field.form](field), description: field.about },
  ]);
  const properties = {
    ...(Object.fromEntries(known) as Record<string, Schema>),
    stream: { enum: streams, description: fields.stream.about },
    kind: { enum: Object.keys(kinds), description: fields.kind.about },
    severity: { enum: severities, description: fields.severity.about },
    attributes: {
      type: "object",
      maxProperties: limits.attributesKeysMax,
      description: `any other JSON, at most ${limits.attributesBytesMax} bytes as text and ${limits.depthMax} levels deep`,
    },
  };
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Midwatch event",
    description: "One line of NDJSON. Absent fields are absent, not null. Unknown fields go to attributes.",
    type: "object",
    required: ["id", "time", "kind"],
    properties,
    additionalProperties: true,
  };
}
