/** A form of one purpose: what is filled in, what went wrong, and the button that sends it. */
import type { ComponentChildren, JSX } from "preact";
import { useDoing } from "./doing.ts";
import { Refused } from "./notice.tsx";

type FormGiven = {
  /** Written on the button. */
  readonly act: string;
  readonly send: () => Promise<unknown>;
  readonly children: ComponentChildren;
};

export function Form({ act, send, children }: FormGiven): JSX.Element {
  const { said, busy, run } = useDoing();
  const submit = (event: Event): void => {
    event.preventDefault();
    run(async () => {
      await send();
      return "";
    });
  };
  return (
    <form class="stack" onSubmit={submit}>
      {children}
      <Refused message={said} />
      <button type="submit" class="control strong" disabled={busy}>
        {act}
      </button>
    </form>
  );
}
