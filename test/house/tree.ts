/** The files of the repository as git sees them: what the rules of the house are held against. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

export const root = new URL("../..", import.meta.url).pathname;

export type SourceFile = { readonly path: string; readonly text: string };

/** Tracked and new text files below the given folders; nothing that git ignores. */
export function filesBelow(...folders: readonly string[]): readonly SourceFile[] {
  const listed = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...folders],
    {
      cwd: root,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return listed
    .split("\n")
    .filter((path) => path !== "" && !/\.(png|gz|zst|ico|woff2)$/.test(path) && existsSync(root + path))
    .map((path) => ({ path, text: readFileSync(root + path, "utf8") }));
}

export function read(path: string): string {
  return readFileSync(root + path, "utf8");
}
