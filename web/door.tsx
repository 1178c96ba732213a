/** What is shown to who is not known yet: the form to sign in, or the one that a link leads to. */
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { unreachableSinceMs } from "./ask.ts";

const screens = {
  "sign-in": async () => (await import("./screens/sign-in.tsx")).SignInScreen,
  acknowledge: async () => (await import("./screens/acknowledge.tsx")).AcknowledgeScreen,
  join: async () => (await import("./screens/join.tsx")).JoinScreen,
} as const;

export function Door({ screen }: { readonly screen: keyof typeof screens }): JSX.Element {
  const [Shown, setShown] = useState<FunctionComponent | undefined>(undefined);
  useEffect(() => {
    screens[screen]().then(
      (loaded) => setShown(() => loaded),
      () => location.reload(),
    );
  }, [screen]);
  return (
    <main id="main" class="door" tabIndex={-1}>
      <p class="mark">Midwatch</p>
      {unreachableSinceMs.value !== undefined && (
        <p class="strip failed" role="alert">
          Midwatch does not answer.
        </p>
      )}
      {Shown && <Shown />}
    </main>
  );
}
