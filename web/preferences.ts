/** What this browser remembers for its reader: theme, zone and name. Nothing here leaves the browser. */
import { effect, signal } from "@preact/signals";

export const themes = ["auto", "paper", "night"] as const;
export type Theme = (typeof themes)[number];
const zones = ["mine", "UTC", "job"] as const;
export type Zone = (typeof zones)[number];

function remembered<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
  const text = localStorage.getItem(`midwatch.${name}`);
  return allowed.find((one) => one === text) ?? otherwise;
}

export const theme = signal<Theme>(remembered("theme", themes, "auto"));
export const zone = signal<Zone>(remembered("zone", zones, "mine"));
/** The zone in which the job that the screen is about is scheduled; absent where there is none. */
export const jobZone = signal<string | undefined>(undefined);
/** Whom decisions are put down to, as the reader says. */
export const actor = signal(localStorage.getItem("midwatch.name") ?? "");

/** The part of a question that says so; nothing where the reader gave no name. */
export function byActor(): { readonly by?: string } {
  const by = actor.peek().trim();
  return by === "" ? {} : { by };
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(prefersDark.matches);

/** The theme that is shown, after asking the system where the reader left it to that. */
export const shownTheme = signal<"paper" | "night">("paper");

/** Keeps storage and the document in step with the signals. */
export function keepPreferences(): void {
  prefersDark.addEventListener("change", (event) => {
    systemIsDark.value = event.matches;
  });
  effect(() => {
    localStorage.setItem("midwatch.theme", theme.value);
    shownTheme.value = theme.value === "auto" ? (systemIsDark.value ? "night" : "paper") : theme.value;
    document.documentElement.dataset["theme"] = shownTheme.value;
  });
  effect(() => localStorage.setItem("midwatch.zone", zone.value));
  effect(() => localStorage.setItem("midwatch.name", actor.value));
}

/** The IANA name that times are shown in. The reader's own where the screen is about no job. */
export function zoneName(): string {
  if (zone.value === "UTC") return "UTC";
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone.value === "job" ? (jobZone.value ?? own) : own;
}

/** What the switch shows next: zones that are the same are one. */
export function nextZone(): Zone {
  const order: readonly Zone[] = jobZone.value === undefined ? ["mine", "UTC"] : zones;
  return order[(order.indexOf(zone.value) + 1) % order.length] ?? "mine";
}
