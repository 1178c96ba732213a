/**
 * Debian 13 in a folder, as a room that the playground's processes can run in: the versions that the
 * next machines have. `MIDWATCH_DEBIAN13` names a folder that keeps it from one run to the next.
 */
import { spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isThere, type Room, roomOf } from "../../playground/cron.ts";
import { eventually, type Processes, root } from "../../playground/processes.ts";

/** It is made from a mirror, which may be slow or away: longer than this nobody waits for it. */
const makeLimitMs = 140_000;
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Why it cannot be had here, if it cannot. */
export function debian13IsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may make a system of Debian 13 in a folder";
  for (const path of ["/usr/sbin/debootstrap", "/usr/bin/nsenter", keyring]) {
    if (!existsSync(path)) return `${path} is not installed (Debian's package debootstrap)`;
  }
  return mirror() === undefined ? "this machine's apt sources name no mirror of Debian" : undefined;
}

/** The mirror of Debian itself that this machine installs from. */
function mirror(): string | undefined {
  const files = globSync(["/etc/apt/sources.list", "/etc/apt/sources.list.d/*.{list,sources}"]);
  const text = files.map((path) => readFileSync(path, "utf8")).join("\n");
  return /^(?:URIs:|deb(?:\s+\[[^\]]*\])?)\s+(\S+\/debian\/?)(?=\s)/m.exec(text)?.[1];
}

const install = `
set -e
mount -t proc proc "$DEBIAN/proc"
mount --rbind /dev "$DEBIAN/dev"
chroot "$DEBIAN" apt-get update -qq
chroot "$DEBIAN" apt-get install -y -qq --no-install-recommends "$@"
`;

const open = `
set -e
mount -t proc proc "$DEBIAN/proc"
mount --rbind /dev "$DEBIAN/dev"
for name in run tmp dev/shm var/spool/cron; do mount -t tmpfs tmpfs "$DEBIAN/$name"; done
mkdir -m 1730 "$DEBIAN/var/spool/cron/crontabs"; chroot "$DEBIAN" chgrp crontab /var/spool/cron/crontabs
for path in "$SOURCES" "$FOLDER"; do mkdir -p "$DEBIAN$path"; mount --rbind "$path" "$DEBIAN$path"; done
touch "$FOLDER/debian13"
exec chroot "$DEBIAN" /usr/bin/sleep infinity
`;

/** A room in the system that was made, where our sources and `folder` are as here. */
export async function openDebian13(processes: Processes, folder: string): Promise<Room> {
  const debian = placeOf(folder);
  const output = join(folder, "debian13.log");
  const holder = processes.start({
    program: "/usr/bin/unshare",
    words: ["-m", "/bin/sh", "-c", open],
    environment: { DEBIAN: debian, SOURCES: root, FOLDER: folder },
    output,
  });
  await eventually("the room in Debian 13", () => isThere(join(folder, "debian13"), holder, output));
  return roomOf(processes, holder);
}

function placeOf(folder: string): string {
  return process.env["MIDWATCH_DEBIAN13"] || join(folder, "system");
}

/** Makes the system with these packages, unless it is there. Why that could not be done, if so. */
export function makeDebian13(folder: string, packages: readonly string[]): string | undefined {
  const debian = placeOf(folder);
  const stamp = join(debian, "midwatch-packages");
  const wanted = packages.join(" ");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return undefined;
  const tillMs = Date.now() + makeLimitMs;
  rmSync(debian, { recursive: true, force: true });
  mkdirSync(debian, { recursive: true });
  const from = mirror() ?? "";
  const words = ["--variant=minbase", `--keyring=${keyring}`, "trixie", debian, from];
  const unmade = run("/usr/sbin/debootstrap", words, tillMs);
  if (unmade !== undefined) return `no system of Debian 13 could be fetched: ${unmade}`;
  const files: Readonly<Record<string, string>> = {
    "etc/apt/sources.list": `deb ${from} trixie main\n`,
    // Nobody needs this system after a power cut, and nobody reads its manuals.
    "etc/dpkg/dpkg.cfg.d/midwatch":
      "force-unsafe-io\npath-exclude=/usr/share/doc/*\npath-exclude=/usr/share/man/*\n",
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/resolv.conf": existsSync("/etc/resolv.conf") ? readFileSync("/etc/resolv.conf", "utf8") : "",
  };
  for (const [name, text] of Object.entries(files)) {
    rmSync(join(debian, name), { force: true });
    writeFileSync(join(debian, name), text, { mode: 0o755 });
  }
  const installing = ["-m", "/bin/sh", "-c", install, "install", ...packages];
  const without = run("/usr/bin/unshare", installing, tillMs, { DEBIAN: debian });
  if (without !== undefined) return `its packages could not be installed: ${without}`;
  writeFileSync(stamp, wanted);
  return undefined;
}

/** Runs a program with all that it starts until it ends, or the time is over; why it failed, if it did. */
function run(
  program: string,
  words: readonly string[],
  tillMs: number,
  more: Readonly<Record<string, string>> = {},
): string | undefined {
  const seconds = Math.max(Math.ceil((tillMs - Date.now()) / 1000), 1);
  const limited = ["--kill-after=5", String(seconds), program, ...words];
  const { status, stdout, stderr } = spawnSync("/usr/bin/timeout", limited, {
    encoding: "utf8",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8", ...more },
  });
  if (status === 0) return undefined;
  if (status === 124 || status === 137) return `${program} did not end within ${seconds} s`;
  return `${program}: ${`${stdout}${stderr}`.trim().split("\n").at(-1) ?? ""}`;
}
