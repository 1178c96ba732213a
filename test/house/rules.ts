/**
 * The rules of the house as functions from files to complaints, so that each can be shown a fault
 * that was planted as well as the real tree.
 */
import { dirname, posix } from "node:path";
import type { SourceFile } from "./tree.ts";

export type Complaint = string;

/** Folder names in the order of the tables of ARCHITECTURE.md, without the closing slash. */
export function foldersOfArchitecture(text: string): readonly string[] {
  return Array.from(text.matchAll(/^\| `([a-z/]+)\/` \|/gm), (match) => match[1] ?? "");
}

const importPattern =
  /^\s*(?:import|export)\s[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)|^import\s+"([^"]+)"/gm;

export type Import = { readonly from: string; readonly to: string; readonly isTypeOnly: boolean };

/** Relative imports of TypeScript files, as paths from the root. */
export function importsOf(files: readonly SourceFile[]): readonly Import[] {
  return files
    .filter(({ path }) => /\.tsx?$/.test(path))
    .flatMap(({ path, text }) =>
      Array.from(text.matchAll(importPattern), (match) => ({
        from: path,
        to: match[1] ?? match[2] ?? match[3] ?? "",
        isTypeOnly: /^\s*(?:import|export)\s+type\s/.test(match[0]),
      })),
    )
    .filter(({ to }) => to.startsWith("."))
    .map((one) => ({ ...one, to: posix.normalize(posix.join(dirname(one.from), one.to)) }));
}

const folderOf = (path: string): string => path.split("/").slice(0, 2).join("/");

/** An import below `src` may only point to its own folder or to one listed earlier. */
export function directionComplaints(
  imports: readonly Import[],
  folders: readonly string[],
): readonly Complaint[] {
  return imports
    .filter(
      ({ from, to }) =>
        from.startsWith("src/") && !/\.(test|contract)\.ts$/.test(from) && folderOf(from) !== folderOf(to),
    )
    .filter(({ from, to }) => {
      // The contract is data that everybody agrees on; it stands before all code.
      if (to.startsWith("contract/")) return false;
      const target = folders.indexOf(folderOf(to));
      return target === -1 || target > folders.indexOf(folderOf(from));
    })
    .map(({ from, to }) => `${from} imports ${to}, which is not in an earlier folder`);
}

/** The page takes only types from the server, so that nothing of it is shipped to a browser by accident. */
export function pageComplaints(imports: readonly Import[]): readonly Complaint[] {
  return imports
    .filter(
      ({ from, to, isTypeOnly }) =>
        from.startsWith("web/") && !/\.test\.tsx?$/.test(from) && to.startsWith("src/") && !isTypeOnly,
    )
    .filter(({ to }) => !sharedWithPage.has(to))
    .map(({ from, to }) => `${from} imports a value from ${to}; the page may import only types`);
}

/** Pure modules that the page runs too: what they compute must be the same on both sides. */
const sharedWithPage: ReadonlySet<string> = new Set([
  "src/model/run.ts",
  "src/model/time.ts",
  "src/model/event.ts",
  "src/model/fields.ts",
]);

const bannedNames = /(^|\/)(utils?|helpers?|common|shared|misc|types|lib|base|manager)(\.tsx?$|\/)/;

export function nameComplaints(files: readonly SourceFile[]): readonly Complaint[] {
  return files
    .filter(
      ({ path }) =>
        bannedNames.test(path) && !path.startsWith("recorders/") && !path.startsWith("playground/"),
    )
    .map(({ path }) => `${path}: name it after what it is about`);
}

const bannedWords: readonly (readonly [RegExp, string])[] = [
  [/(?<![.\w])(cfg|ctx|opts|mgr|evt|btn|idx|tmpl)\b/, "write the word out"],
  [/\b(TODO|FIXME|XXX|HACK)\b/, "do it, or record it where people look for work"],
  [/@ts-(ignore|nocheck)/, "fix the type"],
];

export function wordComplaints(files: readonly SourceFile[]): readonly Complaint[] {
  return files
    .filter(({ path }) => /^(src|web|bench|scripts)\/.*\.tsx?$/.test(path))
    .flatMap(({ path, text }) =>
      bannedWords.flatMap(([pattern, advice]) => {
        const found = pattern.exec(text);
        return found ? [`${path}: "${found[0]}": ${advice}`] : [];
      }),
    );
}

/** Programs of their own outside `cli`: they are started with arguments. */
const programs: ReadonlySet<string> = new Set(["src/store/engine/child.ts"]);

/** Only `cli` may reach the surroundings; everything else is given them. */
const surroundings = /\bprocess\.(env|exit|argv|stdout|stderr)\b|\bconsole\.|\bDate\.now\(|\bMath\.random\(/;

export function surroundingsComplaints(files: readonly SourceFile[]): readonly Complaint[] {
  return files
    .filter(
      ({ path }) =>
        path.startsWith("src/") &&
        !path.startsWith("src/cli/") &&
        !programs.has(path) &&
        !/\.(test|contract)\.ts$/.test(path),
    )
    .flatMap(({ path, text }) => {
      const found = surroundings.exec(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ""));
      return found ? [`${path}: ${found[0]} belongs to src/cli; pass it in`] : [];
    });
}

const linesMax = 500;

export function sizeComplaints(files: readonly SourceFile[]): readonly Complaint[] {
  return files
    .filter(
      ({ path, text }) =>
        /^(src|web|bench|test|scripts)\/.*\.(tsx?|css)$/.test(path) && text.split("\n").length > linesMax,
    )
    .map(
      ({ path, text }) => `${path} has ${text.split("\n").length} lines; ask what second thing it is doing`,
    );
}

const secretsOfTheWorkshop: readonly RegExp[] = [
  /registry\.npmjs\.org|unpkg\.com|jsdelivr|deb\.debian\.org/,
  /(^|[\s"'`(=])\/(work|root|farm)\//m,
];

/** Nothing in the repository names a machine it was written on or a place packages come from. */
export function workshopComplaints(files: readonly SourceFile[]): readonly Complaint[] {
  return files
    .filter(({ path }) => !path.startsWith("test/house/"))
    .flatMap(({ path, text }) =>
      secretsOfTheWorkshop.flatMap((pattern) => {
        const found = pattern.exec(text);
        return found ? [`${path}: "${found[0].trim()}"`] : [];
      }),
    );
}

type Locked = {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};
export type Lock = { readonly packages: Readonly<Record<string, Locked>> };

/** A lock without the other platforms' binaries fails there at once. */
export function lockComplaints(lock: Lock): readonly Complaint[] {
  return Object.entries(lock.packages).flatMap(([place, entry]) => [
    ...(entry.resolved?.startsWith("http") ? [`${place} records where it was downloaded from`] : []),
    ...Object.keys(entry.optionalDependencies ?? {})
      .filter(
        (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${place}/node_modules/${name}`],
      )
      .map((name) => `${place} wants ${name}, which is not in the lock file: npm run lock`),
  ]);
}

/** Every dependency has a line in a decision that says why this one and what it weighs. */
export function dependencyComplaints(names: readonly string[], decisions: string): readonly Complaint[] {
  return names
    .filter((name) => !decisions.includes(`\`${name}\``))
    .map((name) => `docs/decisions says nothing of ${name}`);
}
