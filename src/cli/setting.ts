/** What a setting is, whoever it belongs to, and the kinds of values that settings have. */
import type { Environment } from "./terminal.ts";

/** A value that cannot be read; the message says what was expected. */
export class BadValue extends Error {}

export type Setting<Value> = {
  readonly variable: string;
  readonly about: string;
  /** As it would be written; what is used when nobody says otherwise. */
  readonly fallback: string | ((environment: Environment) => string);
  /** How the reference page writes a default that depends on where it runs. */
  readonly fallbackAbout?: string;
  /** In the file it is a list, each entry of which comes as a line of the text. */
  readonly isList?: true;
  /** Throws `BadValue`. */
  readonly read: (text: string) => Value;
};

export function setting<Value>(made: Setting<Value>): Setting<Value> {
  return made;
}

export function oneOf<Value extends string>(values: readonly Value[]): (text: string) => Value {
  return (text) => {
    const value = values.find((known) => known === text.toLowerCase());
    if (value === undefined) throw new BadValue(`must be one of ${values.join(", ")}`);
    return value;
  };
}

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= min && number <= max) return number;
    throw new BadValue(`must be a whole number from ${min} to ${max}`);
  };
}

export function shortText(text: string): string {
  if (/^[\x21-\x7e]{1,64}$/.test(text)) return text;
  throw new BadValue("must be 1 to 64 printable characters without spaces");
}
