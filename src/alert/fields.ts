/**
 * Files in which things of several kinds are set up, each by the fields that its kind takes. A secret
 * never stands in such a file: `NAME_file` names a file that holds it, `NAME_env` a variable.
 */
import { parse } from "yaml";
import { Fault } from "../model/fault.ts";
import type { ChannelField } from "./channel.ts";

export type SecretTools = {
  /** The text of a file that holds a secret. */
  readonly readSecret: (path: string) => string;
  readonly variable: (name: string) => string | undefined;
};

export type Given = Readonly<Record<string, unknown>>;

export function wrong(message: string): Fault {
  return new Fault("CONFIG_INVALID", message);
}

/** Throws `Fault` `CONFIG_INVALID` for what is no YAML. */
export function readYaml(text: string): unknown {
  try {
    return parse(text) ?? {};
  } catch (cause) {
    throw new Fault("CONFIG_INVALID", (cause as Error).message.split("\n", 1)[0] ?? "it is not YAML", {
      cause,
    });
  }
}

export function mapOf(value: unknown, what: string): Given {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Given;
  throw wrong(`${what} must be keys and values`);
}

/** The values of `fields`; `others` are keys that are read elsewhere. */
export function readFields(
  given: Given,
  fields: Readonly<Record<string, ChannelField>>,
  others: readonly string[],
  tools: SecretTools,
): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  const allowed = [...others];
  for (const [name, field] of Object.entries(fields)) {
    const keys = field.form === "secret" ? [`${name}_file`, `${name}_env`] : [name];
    allowed.push(...keys);
    const value = field.form === "secret" ? secretOf(name, given, tools) : plainOf(given[name], field);
    if (value !== undefined) values.set(name, value);
    else if (field.required)
      throw wrong(`it needs ${keys.map((key) => `\`${key}\``).join(" or ")}: ${field.about}`);
  }
  const unknown = Object.keys(given).find((key) => !allowed.includes(key));
  if (unknown === undefined) return values;
  if (fields[unknown]?.form === "secret") {
    throw wrong(`\`${unknown}\` is a secret: write \`${unknown}_file\` or \`${unknown}_env\` instead`);
  }
  throw wrong(`there is no key \`${unknown}\`; expected ${allowed.join(", ")}`);
}

function plainOf(value: unknown, { form }: ChannelField): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = form === "texts" && Array.isArray(value) ? (value as unknown[]) : [value];
  if (!list.every((one) => ["string", "number"].includes(typeof one)) || list.length === 0) {
    throw wrong("its values must be texts");
  }
  return list.map(String);
}

function secretOf(
  name: string,
  given: Given,
  { readSecret, variable }: SecretTools,
): readonly string[] | undefined {
  const [file, key] = [given[`${name}_file`], given[`${name}_env`]];
  if (typeof file === "string") return [readSecret(file).trim()];
  if (typeof key !== "string") return undefined;
  const value = variable(key);
  if (value === undefined || value === "") throw wrong(`the variable ${key} is not set`);
  return [value];
}
