/**
 * Runs before the first paint, so that a page in the night theme never flashes white. The rest of
 * the page reads and changes what is remembered here through `preferences.ts`.
 */
const chosen = localStorage.getItem("midwatch.theme");
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset["theme"] =
  chosen === "night" || chosen === "paper" ? chosen : dark ? "night" : "paper";
