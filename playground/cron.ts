/**
 * Debian's cron daemon with a crontab that whenever wrote, in a mount namespace of its own: the
 * machine's crontabs are neither seen nor touched, and nothing of it is left behind. Root only.
 */
import { type ChildProcess, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { eventually, type Processes, root } from "./processes.ts";

export const cronPackages: readonly string[] = ["cron", "ruby-whenever", "rake"];

/** Why no cron daemon can run here, if none can. */
export function cronIsMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may run a cron daemon in a namespace of its own";
  for (const path of ["/usr/sbin/cron", "/usr/bin/whenever", "/usr/bin/unshare", "/usr/bin/nsenter"]) {
    if (!existsSync(path)) return `${path} is not installed`;
  }
  const can = spawnSync("/usr/bin/unshare", ["-m", "true"]);
  return can.status === 0 ? undefined : "no mount namespace can be made here";
}

/** Why no daemon can be given another clock, if none can. */
export function clockIsMissing(): string | undefined {
  return globSync("/usr/lib/*/faketime/libfaketime.so.1").length > 0
    ? undefined
    : "Debian's package libfaketime is not installed";
}

/** Words before a daemon that is to have another clock (libfaketime's FAKETIME); its jobs have the true one. */
export function withClock(shift: string): readonly string[] {
  return ["/usr/bin/env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1", `FAKETIME=${shift}`];
}

/** A mount namespace with crontabs of its own, perhaps with another system in it. */
export type Room = {
  /** Words before a command that is to run in it, in this directory. */
  readonly enter: (directory: string) => readonly string[];
};

const emptied = `
set -e
mount -t tmpfs tmpfs /var/spool/cron; mkdir -m 1730 /var/spool/cron/crontabs; chgrp crontab /var/spool/cron/crontabs
mount -t tmpfs tmpfs /etc/cron.d
mount --bind /dev/null /etc/crontab
mount --bind "$ROOM" /run
mount -t tmpfs tmpfs /dev/shm
touch "$ROOM/ready"
exec sleep infinity
`;

export async function openRoom(processes: Processes, folder: string): Promise<Room> {
  const own = join(folder, "room");
  const output = join(folder, "room.log");
  mkdirSync(own);
  const holder = processes.start({
    program: "/usr/bin/unshare",
    words: ["-m", "/bin/sh", "-c", emptied],
    environment: { ROOM: own },
    output,
  });
  await eventually("the room is ready", () => isThere(join(own, "ready"), holder, output));
  return roomOf(processes, holder);
}

/** The room that a process holds open; whatever is in it when all is over ends with it. */
export function roomOf(processes: Processes, holder: ChildProcess): Room {
  const space = readlinkSync(`/proc/${holder.pid}/ns/mnt`);
  processes.afterwards(() => endAllIn(space));
  const words = ["/usr/bin/nsenter", "--target", String(holder.pid), "--mount", "--root"];
  return { enter: (directory) => [...words, `--wdns=${directory}`, "--"] };
}

export function isThere(path: string, child: ChildProcess, output: string): true | undefined {
  if (child.exitCode !== null) throw new Error(readFileSync(output, "utf8"));
  return existsSync(path) ? true : undefined;
}

export type CronSetup = {
  /** Gets the daemon's files and what it says. */
  readonly folder: string;
  /** The `schedule.rb`, and the directory in which it is read. */
  readonly schedule: string;
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Words before the daemon: another clock, for example. */
  readonly before?: readonly string[];
};

const started = `
set -e
whenever --load-file "$CRON_SCHEDULE" --update-crontab >&2
crontab -l > "$CRON_FOLDER/installing"
mv "$CRON_FOLDER/installing" "$CRON_FOLDER/installed"
exec "$@" /usr/sbin/cron -f
`;

/** Has whenever write the crontab and starts the daemon; answers what `crontab -l` says. */
export async function startCron(processes: Processes, room: Room, setup: CronSetup): Promise<string> {
  const { folder, schedule, directory, environment, before = [] } = setup;
  const installed = join(folder, "installed");
  const output = join(folder, "cron.log");
  const daemon = processes.start({
    program: "/bin/sh",
    words: ["-c", started, "cron", ...before],
    room,
    directory,
    output,
    environment: {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      RUBYLIB: join(root, "recorders/ruby/lib"),
      LANG: "C.UTF-8",
      CRON_FOLDER: folder,
      CRON_SCHEDULE: schedule,
      ...environment,
    },
  });
  await eventually("the crontab is installed", () => isThere(installed, daemon, output));
  return readFileSync(installed, "utf8");
}

/** Jobs outlive their daemon; in its namespace there is nobody else. They are asked before they are killed. */
async function endAllIn(space: string): Promise<void> {
  for (const signal of ["SIGTERM", ...Array<0>(20).fill(0), "SIGKILL"] as const) {
    if (signalAllIn(space, signal) === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function signalAllIn(space: string, signal: NodeJS.Signals | 0): number {
  let count = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/ns/mnt`) !== space) continue;
      process.kill(Number(pid), signal);
      count += 1;
    } catch (error) {
      // Gone meanwhile, or none of ours.
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!["ENOENT", "ESRCH", "EACCES"].includes(code)) throw error;
    }
  }
  return count;
}
