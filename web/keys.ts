/**
 * Keys for people who keep their hands on the keyboard. Single letters do nothing while somebody
 * types, or with a modifier held, so that they never take a key from the browser.
 */
import { signal } from "@preact/signals";
import { go, to } from "./route.ts";

export const places = [
  { key: "n", path: "/", name: "Now" },
  { key: "s", path: "/schedule", name: "Schedule" },
  { key: "r", path: "/runs", name: "Runs" },
  { key: "j", path: "/jobs", name: "Jobs" },
  { key: "f", path: "/failures", name: "Failures" },
  { key: "l", path: "/logs", name: "Logs" },
  { key: "q", path: "/queues", name: "Queues" },
  { key: "p", path: "/puma", name: "Puma" },
  { key: "a", path: "/audit", name: "Audit" },
  { key: "t", path: "/settings", name: "Settings" },
  { key: "c", path: "/connect", name: "Connect" },
] as const;

/** Whether the list of keys is shown. */
export const keysShown = signal(false);

let goingUntilMs = 0;

export function keepKeys(): void {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      keysShown.value = false;
      if (event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    if (isTyping(event.target) || !act(event.key)) return;
    event.preventDefault();
  });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

function act(key: string): boolean {
  if (Date.now() < goingUntilMs) {
    goingUntilMs = 0;
    const place = places.find((one) => one.key === key);
    if (place) go(to(place.path));
    return place !== undefined;
  }
  if (key === "g") goingUntilMs = Date.now() + 1500;
  else if (key === "/") document.querySelector<HTMLInputElement>("#search")?.focus();
  else if (key === "?") keysShown.value = !keysShown.value;
  else if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (key === "a") return acknowledge();
  else return false;
  return true;
}

/** Presses the button of the incident that has the focus, or of the one that the screen is about. */
function acknowledge(): boolean {
  const about = document.activeElement?.closest("article") ?? document.querySelector("article.whole");
  const button = about?.querySelector<HTMLElement>("[data-acknowledge]");
  button?.click();
  return button !== null && button !== undefined;
}

/** Moves the focus to the next or previous row that can be followed or opened. */
function step(by: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("main [data-row]")];
  const at = rows.findIndex((row) => row === document.activeElement);
  const next = rows[at === -1 ? (by > 0 ? 0 : rows.length - 1) : at + by];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
