/** A line to write in, with its name above it. */
import type { JSX, TargetedInputEvent } from "preact";

type FieldGiven = {
  readonly label: string;
  readonly value: string;
  readonly set: (text: string) => void;
  readonly type?: "text" | "password";
  readonly complete?: "off" | "username" | "current-password" | "new-password" | "one-time-code";
  readonly optional?: true;
  readonly hint?: string;
  readonly lengthMin?: number;
  readonly lengthMax?: number;
  /** It stands already, and is shown. */
  readonly fixed?: boolean;
};

export function Field({
  label,
  value,
  set,
  type = "text",
  complete = "off",
  optional,
  hint,
  lengthMin,
  lengthMax = 400,
  fixed = false,
}: FieldGiven): JSX.Element {
  const attributes = {
    class: "field",
    autocomplete: complete,
    required: !optional,
    readOnly: fixed,
    maxLength: lengthMax,
    ...(lengthMin !== undefined && { minLength: lengthMin }),
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
