/** The designed states of a part without data: on its way, empty, and out of reach. */
import type { ComponentChildren, JSX } from "preact";
import type { AskFault } from "../ask.ts";
import { to } from "../route.ts";

/** Holds the place of what is coming, so that nothing shifts when it arrives. */
export function Loading({ what, rows = 8 }: { readonly what: string; readonly rows?: number }): JSX.Element {
  return (
    <div class="loading" role="status">
      <p>Reading {what} …</p>
      {Array.from({ length: rows }, (_, row) => (
        <div class="ghost" key={row} aria-hidden="true" />
      ))}
    </div>
  );
}

export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Problem({
  fault,
  again,
}: {
  readonly fault: AskFault;
  readonly again?: () => void;
}): JSX.Element {
  if (fault.code === "RIGHT_MISSING") return <NoRight message={fault.message} />;
  return (
    <div class="problem" role="alert">
      <p class="problem-title">
        {fault.status === 0 ? "Midwatch cannot be reached" : "This could not be answered"}
      </p>
      <p>{fault.message}</p>
      <p class="faint">
        <span class="mono">{fault.code}</span>
        {again && (
          <>
            {" · "}
            <button type="button" class="link" onClick={again}>
              Try again
            </button>
          </>
        )}
      </p>
    </div>
  );
}

/** What the server said when it did not want to; nothing where it said nothing. */
export function Refused({ message }: { readonly message: string }): JSX.Element | null {
  if (message === "") return null;
  return (
    <p class="failed" role="alert">
      {message}
    </p>
  );
}

/** Nothing is broken, and asking again would change nothing. */
function NoRight({ message }: { readonly message: string }): JSX.Element {
  return (
    <div class="empty" role="status">
      <p class="empty-title">This is not yours to see</p>
      <p>{message}</p>
      <p class="faint">
        What you may do stands in <a href={to("/account")}>your account</a>; whoever looks after people here
        can change it. That you asked is recorded.
      </p>
    </div>
  );
}
