/**
 * The files in the spool as they are now, compared with what is known of them. Says it when
 * somebody else shortened, replaced or removed one, and removes those that are done with.
 */
import { lstat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, formatTime } from "../model/time.ts";
import type { OwnEvents } from "./own.ts";
import { lifeOf } from "./process.ts";
import { messageOf } from "./sender.ts";
import { listSpool, makeSpool, openSpoolFile, readSpan, type SpoolName, succeeds } from "./spool.ts";
import type { AgentState, FileRow } from "./state.ts";

export type SpoolFile = {
  readonly id: number;
  readonly name: SpoolName;
  readonly bytes: number;
  readonly beganMs: number;
  readonly changedMs: number;
  /** Nobody will write to it any more, so its last line is whole though no line feed follows. */
  readonly final: boolean;
};

export type FilesSetup = {
  readonly directory: string;
  readonly state: AgentState;
  readonly own: OwnEvents;
  readonly clock: Clock;
  readonly log: (line: string) => void;
  /** A file that nobody wrote to for this long, and that its process has left, is final. */
  readonly quietMs: number;
};

type Found = {
  readonly name: SpoolName;
  readonly inode: string;
  readonly bytes: number;
  readonly beganMs: number;
  readonly changedMs: number;
};

const complaintEveryMs = 600_000;
/** A recorder writes to one file for an hour at most, so that a file quiet for longer is left. */
const strangerQuietMs = 2 * 3_600_000;

export class SpoolFiles {
  readonly #setup: FilesSetup;
  readonly #complaints = new Map<string, number>();
  #current: ReadonlyMap<number, SpoolFile> = new Map();

  constructor(setup: FilesSetup) {
    this.#setup = setup;
  }

  get current(): ReadonlyMap<number, SpoolFile> {
    return this.#current;
  }

  path(file: SpoolFile): string {
    return join(this.#setup.directory, file.name.name);
  }

  /** Says it at once, then at most every ten minutes while it lasts. */
  complain(subject: string, line: string): void {
    const nowMs = this.#setup.clock();
    if (nowMs - (this.#complaints.get(subject) ?? -Infinity) < complaintEveryMs) return;
    this.#complaints.set(subject, nowMs);
    this.#setup.log(line);
  }

  async refresh(): Promise<void> {
    const found = await this.#find();
    if (!found) return;
    const rows = this.#setup.state.files();
    const byName = new Map(rows.map((row) => [row.name, row]));
    const names = new Set(found.map((one) => one.name.name));
    const gone = rows.filter((row) => !names.has(row.name));
    const strange = found.filter((one) => isStrange(one, byName.get(one.name.name)));
    if (gone.length > 0 || strange.length > 0) {
      this.#setup.state.change(() => {
        for (const row of gone) this.#forget(row);
        for (const one of strange) {
          const row = byName.get(one.name.name);
          if (row) this.#startOver(row, one);
          byName.set(one.name.name, this.#setup.state.addFile(one.name.name, one.inode));
        }
      });
    }
    const nowMs = this.#setup.clock();
    this.#current = new Map(
      found.map((one) => {
        const { id, stranger } = byName.get(one.name.name) as FileRow;
        const quietMs = nowMs - one.changedMs;
        const final =
          quietMs > strangerQuietMs || (quietMs > this.#setup.quietMs && isLeft(one.name, found, stranger));
        return [
          id,
          { id, name: one.name, bytes: one.bytes, beganMs: one.beganMs, changedMs: one.changedMs, final },
        ];
      }),
    );
  }

  /** Removes files that are acknowledged to their end and that nobody will write to again. */
  async removeDone(): Promise<void> {
    for (const row of this.#setup.state.files()) {
      const file = this.#current.get(row.id);
      if (!file?.final || row.sent < file.bytes || row.seen < file.bytes) continue;
      const path = this.path(file);
      try {
        if ((await lstat(path)).size !== file.bytes) continue;
        await unlink(path);
      } catch (error) {
        this.complain(path, `${path} is sent, but cannot be removed: ${messageOf(error)}`);
        continue;
      }
      this.#setup.state.change(() => this.#setup.state.forgetFile(row.id));
      const rest = new Map(this.#current);
      rest.delete(row.id);
      this.#current = rest;
    }
  }

  /** Up to `bytesMax` bytes from `start`; `undefined`, and said, where the file cannot be read. */
  async read(file: SpoolFile, start: number, bytesMax: number): Promise<Buffer | undefined> {
    const path = this.path(file);
    try {
      const handle = await openSpoolFile(path);
      try {
        return await readSpan(handle, start, Math.max(Math.min(file.bytes - start, bytesMax), 0));
      } finally {
        await handle.close();
      }
    } catch (error) {
      this.complain(path, `${path} cannot be read: ${messageOf(error)}`);
      return undefined;
    }
  }

  /**
   * With the server away for long, files of ended processes pile up. The oldest of them make room
   * before the disk is full, because a full disk would stop the applications as well.
   */
  async makeRoom(bytesMax: number): Promise<void> {
    let held = 0;
    for (const { bytes } of this.#current.values()) held += bytes;
    if (held <= bytesMax) return;
    const left = [...this.#current.values()].filter(({ final }) => final);
    for (const file of left.sort((a, b) => a.changedMs - b.changedMs)) {
      if (held <= bytesMax) return;
      const row = this.#setup.state.files().find(({ id }) => id === file.id);
      if (!row) continue;
      await unlink(this.path(file)).catch(() => {});
      held -= file.bytes;
      this.#setup.state.change(() => {
        const what = `removed to make room, for the spool held more than ${bytesMax} bytes`;
        this.#report(row, what, file.bytes - row.sent);
        this.#setup.state.forgetFile(row.id);
      });
      const rest = new Map(this.#current);
      rest.delete(row.id);
      this.#current = rest;
    }
  }

  async #find(): Promise<readonly Found[] | undefined> {
    const { directory } = this.#setup;
    let names: readonly SpoolName[];
    try {
      names = await listSpool(directory);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        this.complain(directory, `the spool directory cannot be read: ${messageOf(error)}`);
        return undefined;
      }
      await makeSpool(directory).catch((cause: unknown) =>
        this.complain(directory, `the spool directory ${directory} cannot be made: ${messageOf(cause)}`),
      );
      return undefined;
    }
    const found: Found[] = [];
    for (const name of names) {
      const path = join(directory, name.name);
      const status = await lstat(path).catch(() => undefined);
      if (!status) continue;
      if (!status.isFile()) {
        this.complain(path, `${path} is no ordinary file and is left alone`);
        continue;
      }
      // The device number is left out: it may change when the machine restarts.
      found.push({
        name,
        inode: String(status.ino),
        bytes: status.size,
        beganMs: status.birthtimeMs,
        changedMs: status.mtimeMs,
      });
    }
    return found;
  }

  #forget(row: FileRow): void {
    const lost = (this.#current.get(row.id)?.bytes ?? row.sent) - row.sent;
    if (lost > 0) this.#report(row, "somebody removed it", lost);
    this.#setup.state.forgetFile(row.id);
  }

  #startOver(row: FileRow, found: Found): void {
    const lost = (this.#current.get(row.id)?.bytes ?? row.sent) - row.sent;
    const what = row.inode === found.inode ? "somebody shortened it" : "somebody replaced it";
    this.#report(row, what, Math.max(lost, 0));
    this.#setup.state.forgetFile(row.id);
  }

  #report(row: FileRow, what: string, lostBytes: number): void {
    const message = `${row.name}: ${what}; ${lostBytes} bytes that were not yet sent are lost`;
    this.#setup.log(message);
    this.#setup.own.add({
      kind: "source.gap",
      severity: lostBytes > 0 ? "error" : "warn",
      message,
      attributes: { file: row.name, lost_bytes: lostBytes, noticed: formatTime(this.#setup.clock() * 1000) },
    });
  }
}

/** New, or not the file that we knew under this name. */
function isStrange(found: Found, row: FileRow | undefined): boolean {
  if (!row || row.inode !== found.inode) return true;
  return found.bytes < row.sent || found.bytes < row.seen;
}

/** Its process writes to a later file by now, or has ended, as far as we can know of that. */
function isLeft(name: SpoolName, all: readonly Found[], stranger: boolean): boolean {
  return all.some((other) => succeeds(other.name, name)) || (!stranger && lifeOf(name) === "gone");
}
