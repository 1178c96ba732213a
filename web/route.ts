/**
 * The address is the state: every screen, filter and open row can be sent to somebody as a link.
 * Links are ordinary anchors; this file only keeps the browser from loading the page anew.
 */
import { computed, signal } from "@preact/signals";

export const path = signal(location.pathname);
const search = signal(location.search);
export const query = computed(() => new URLSearchParams(search.value));

/** The time range goes along from screen to screen. */
const carried = ["from", "until"] as const;

export type Parameters = { readonly [name: string]: string | number | undefined };

/** An address inside the page, with the reader's time range. Empty values are left out. */
export function to(pathname: string, parameters: Parameters = {}): string {
  const words = new URLSearchParams();
  for (const name of carried) {
    const value = query.value.get(name);
    if (value !== null) words.set(name, value);
  }
  return withWords(pathname, words, parameters);
}

/** The address shown now, with some parameters changed; `undefined` removes one. */
export function change(parameters: Parameters): string {
  return withWords(path.value, new URLSearchParams(search.value), parameters);
}

function withWords(pathname: string, words: URLSearchParams, parameters: Parameters): string {
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === "") words.delete(name);
    else words.set(name, String(value));
  }
  const text = words.toString();
  return text === "" ? pathname : `${pathname}?${text}`;
}

export function go(address: string, options: { readonly replace?: boolean } = {}): void {
  const target = new URL(address, location.href);
  const same = target.pathname === path.value && target.search === search.value;
  if (same) return;
  const samePath = target.pathname === path.value;
  if (options.replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  show();
  if (!samePath) scrollTo(0, 0);
}

function show(): void {
  path.value = location.pathname;
  search.value = location.search;
}

/** Takes over clicks on links that stay inside the page. */
export function keepRoute(): void {
  addEventListener("popstate", show);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target !== "" || link.origin !== location.origin || link.hasAttribute("download"))
      return;
    if (link.pathname.startsWith("/api/") || (link.hash !== "" && link.pathname === location.pathname))
      return;
    event.preventDefault();
    go(`${link.pathname}${link.search}`);
  });
}
