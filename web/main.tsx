/** Where the page begins: what listens is started, and the screen of the address is shown. */

import type { JSX } from "preact";
import { render } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { keepClock } from "./clock.ts";
import { Frame } from "./frame.tsx";
import { keepKeys } from "./keys.ts";
import { keepPreferences } from "./preferences.ts";
import { keepRoute, path } from "./route.ts";
import { keepScreens, ScreenHere } from "./screen.tsx";

function Page(): JSX.Element {
  const here = path.value;
  // A screen reader hears of the new screen, as it would of a new page.
  // At once: later it would take the focus from whoever already went on to the search box.
  useLayoutEffect(() => document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true }), [here]);
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
const place = document.querySelector("#page");
if (place) render(<Page />, place);
