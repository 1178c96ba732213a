/**
 * Adds to package-lock.json the binary packages of platforms that the registry at hand did not
 * carry, so that `npm ci` works everywhere. Run after every `npm install` that changes the lock.
 */
import { readFileSync, writeFileSync } from "node:fs";

type Locked = {
  version?: string;
  optional?: true;
  dev?: true;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
};
type Lock = { packages: Record<string, Locked> };

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8")) as Lock;
const systems = [
  "linux",
  "darwin",
  "win32",
  "android",
  "freebsd",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "aix",
];
const processors = ["x64", "arm64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el"];

let added = 0;
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const isLocked = lock.packages[`node_modules/${name}`] ?? lock.packages[`${place}/node_modules/${name}`];
    if (isLocked || !/^\d/.test(version)) continue;
    const words = name.split(/[/\-_]/);
    lock.packages[`node_modules/${name}`] = {
      version,
      ...(entry.dev && { dev: true }),
      optional: true,
      os: systems.filter((system) => words.includes(system)),
      cpu: processors.filter((processor) => words.some((word) => word === processor)),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} platform packages added to the lock file`);
