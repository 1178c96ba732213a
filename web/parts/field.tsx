/** A line to write in, with its name above it. */
import type { JSX, TargetedInputEvent } from "preact";

type FieldGiven = {
  readonly label: string;
  readonly value: string;
  readonly set: (text: string) => void;
  readonly type?: "text" | "password";
  readonly complete?: "off" | "current-password" | "new-password" | "one-time-code";
  readonly optional?: true;
  readonly hint?: string;
};

export function Field({
  label,
  value,
  set,
  type = "text",
  complete = "off",
  optional,
  hint,
}: FieldGiven): JSX.Element {
  const attributes = {
    class: "field",
    autocomplete: complete,
    required: !optional,
    maxLength: 400,
    ...(hint !== undefined && { placeholder: hint }),
    value,
    onInput: (event: TargetedInputEvent<HTMLInputElement>) => set(event.currentTarget.value),
  };
  return (
    <label>
      {label}
      {type === "password" ? (
        <input type="password" {...attributes} />
      ) : (
        <input type="text" {...attributes} />
      )}
    </label>
  );
}
