/** What is taken out of events and runs for whoever may not read it. */
import type { Json } from "../model/event.ts";
import type { FieldName } from "../model/fields.ts";
import type { RunSummary, StoredEvent } from "../store/store.ts";
import type { Actor } from "./actor.ts";
import type { FieldGroup } from "./policy.ts";

/** Stands where something was: that there was something may be known. */
export const hiddenMark = "[hidden]";

/** Attributes by whose name it is known what they hold. Everything else in there is `text`. */
const groupOfAttribute: readonly (readonly [FieldGroup, RegExp])[] = [
  ["arguments", /^(arguments|args|kwargs|params|parameters|object|values|subject)$/i],
  ["output", /^(output|stdout|stderr)$/i],
  ["headers", /^(headers|request_headers|response_headers|cookies?)$/i],
  ["addresses", /(^|[._-])(ip|address|remote_addr|client_addr|peer)$|(^|[._-])(ip|forwarded)([._-]|$)/i],
];

export function groupOf(attribute: string): FieldGroup {
  const key = attribute.split(".", 1)[0] ?? attribute;
  return groupOfAttribute.find(([, pattern]) => pattern.test(key))?.[0] ?? "text";
}

export const textFields: readonly FieldName[] = ["message", "error_message", "error_stack"];
const textFieldSet: ReadonlySet<string> = new Set(textFields);

/** Which right it takes to read this field. */
export function groupOfField(name: FieldName): FieldGroup | undefined {
  return textFieldSet.has(name) ? "text" : undefined;
}

export function visibleEvent(event: StoredEvent, { fields }: Actor): StoredEvent {
  const texts: FieldGroup = event.kind === "job.output" ? "output" : "text";
  const entries = Object.entries(event).map(([name, value]) => {
    if (name === "attributes") return [name, visibleAttributes(event.attributes ?? {}, fields)];
    return [name, textFieldSet.has(name) && !fields.has(texts) ? hiddenMark : value];
  });
  return Object.fromEntries(entries) as StoredEvent;
}

function visibleAttributes(
  attributes: Readonly<Record<string, Json>>,
  fields: ReadonlySet<FieldGroup>,
): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [key, fields.has(groupOf(key)) ? value : hiddenMark]),
  );
}

export function visibleRun(run: RunSummary, { fields }: Actor): RunSummary {
  return run.errorMessage === undefined || fields.has("text") ? run : { ...run, errorMessage: hiddenMark };
}
