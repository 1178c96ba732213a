/** Where the page begins: what listens is started, and the screen of the address is shown. */

import type { JSX } from "preact";
import { render } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { signInNeeded } from "./ask.ts";
import { keepClock } from "./clock.ts";
import { Door } from "./door.tsx";
import { Frame } from "./frame.tsx";
import { keepKeys } from "./keys.ts";
import { me, readMe } from "./me.ts";
import { keepPreferences } from "./preferences.ts";
import { keepRoute, path } from "./route.ts";
import { keepScreens, ScreenHere } from "./screen.tsx";

function Page(): JSX.Element {
  const here = path.value;
  // A screen reader hears of the new screen, as it would of a new page.
  // At once: later it would take the focus from whoever already went on to the search box.
  useLayoutEffect(() => document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true }), [here]);
  const known = me.value;
  if (here === "/join") return <Door screen="join" />;
  if (here === "/acknowledge") return <Door screen="acknowledge" />;
  if (!known) return <main id="main" tabIndex={-1} />;
  if (!known.me || signInNeeded.value) return <Door screen="sign-in" />;
  return (
    <Frame>
      <ScreenHere />
    </Frame>
  );
}

keepPreferences();
keepRoute();
keepScreens();
keepClock();
keepKeys();
void readMe();
const place = document.querySelector("#page");
if (place) render(<Page />, place);
