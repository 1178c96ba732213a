/** One clock for all relative times: it ticks once a second while somebody can see the page. */
import { signal } from "@preact/signals";

export const nowMs = signal(Date.now());

export function keepClock(): void {
  const tick = (): void => {
    if (document.visibilityState === "visible") nowMs.value = Date.now();
  };
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
}
