/**
 * Drains the spool into the event store, each batch exactly once.
 *
 * The life of a group of batches:
 * 1. A manifest names its files and its token, and is synced. From now on these files go together.
 * 2. The store inserts them under the token; a repetition adds nothing.
 * 3. Their receipts become durable in the control store.
 * 4. The files are removed and the folder synced; then the manifest is removed.
 * After a crash the manifest says which files are repeated, together and under the same token. A
 * manifest that misses a file was at step 4: there is nothing to insert, only to remove. (The engine
 * knows a repetition by its token and the number of its blocks: it would take part of a group for
 * something new.)
 */
import { createHash } from "node:crypto";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../model/fault.ts";
import { type Spool, type SpoolFile, syncDirectory, writeDurably } from "./spool.ts";
import type { ControlStore, EventStore, InsertGroup } from "./store.ts";

/** Files inserted together. */
const groupFilesMax = 256;
/** Bytes inserted together, unless one file alone has more. */
const groupBytesMax = 64 * 1024 * 1024;
/** Pauses after a failure: from the first, doubled up to the last. */
const retryMsMin = 100;
const retryMsMax = 5000;
/** A rest after each small insert lets batches gather: few large parts are cheaper than many. */
const restMsDefault = 50;
const smallGroupBytes = 24 * 1024 * 1024;
/**
 * While this much arrives between two inserts, the rest is so many times as long: with a second
 * instead of 50 ms the engine's own cost fell from 22 to 12 µs an event, since it merges less.
 */
const busyGroupBytes = 256 * 1024;
const busyRests = 20;

export type InserterNotice =
  | { readonly kind: "inserted"; readonly files: number; readonly bytes: number }
  /** Nothing is lost: the group is tried again. */
  | { readonly kind: "waiting"; readonly because: string; readonly retryMs: number }
  | { readonly kind: "rejected"; readonly file: SpoolFile; readonly because: string };

export type InserterOptions = {
  readonly spool: Spool;
  readonly store: Pick<EventStore, "insert">;
  readonly control: Pick<ControlStore, "addReceipts">;
  readonly onNotice?: (notice: InserterNotice) => void;
  readonly restMs?: number;
};

export type Inserter = {
  /** Resolves when the spool is empty and everything in it can be queried. */
  idle(): Promise<void>;
  /** Ends after the step at hand; the next start goes on where it was. */
  close(): Promise<void>;
};

type Group = InsertGroup & {
  readonly members: readonly SpoolFile[];
  /** Only what is in the spool must go: the store and the control store have it all. */
  readonly isInserted: boolean;
};

/** Begins at once, with what a crash left. */
export function startInserter(options: InserterOptions): Inserter {
  const { spool, onNotice, restMs = restMsDefault } = options;
  /** Keys of files that failed in company and are tried one by one. Written by the loop alone. */
  const alone = new Set<string>();
  const idlers = new Set<{ resolve: () => void; reject: (error: Fault) => void }>();
  /** `closed` is set by `close`, `woken` by whoever writes to the spool; the rest by the loop. */
  const now = { closed: false, busy: true, woken: false };
  let wake: (() => void) | undefined;

  function rouse(): void {
    now.woken = true;
    wake?.();
  }
  spool.onWritten(rouse);

  /** Until `rouse` or the time has passed. */
  function rest(timeoutMs: number, deaf: boolean): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        clearTimeout(timer);
        wake = undefined;
        resolve();
      };
      const timer = setTimeout(finish, timeoutMs);
      wake = () => {
        if (!deaf || now.closed) finish();
      };
      if (now.closed) finish();
    });
  }

  async function loop(): Promise<void> {
    let retryMs = retryMsMin;
    let manifests: readonly InsertGroup[] | undefined;
    while (!now.closed) {
      let group: Group | undefined;
      try {
        manifests ??= await readManifests(spool.directory);
        const [left] = manifests;
        group = left ? withMembers(left, spool) : nextGroup(spool, alone);
        if (group) {
          await insertGroup(options, group, left !== undefined);
          for (const member of group.members) alone.delete(member.key);
          if (left) manifests = manifests.slice(1);
        }
        retryMs = retryMsMin;
      } catch (error) {
        if (group && error instanceof Fault && error.code === "BATCH_UNREADABLE") {
          await separate(group, error);
          manifests = undefined;
          continue;
        }
        if (now.closed) break;
        onNotice?.({ kind: "waiting", because: messageOf(error), retryMs });
        await rest(retryMs, true);
        retryMs = Math.min(retryMs * 2, retryMsMax);
        // A step cut short may have left its manifest; it is read again.
        manifests = undefined;
        continue;
      }
      if (!group) await nothingLeft();
      else if (spool.counts().bytes < smallGroupBytes && spool.counts().files < groupFilesMax) {
        const isBusy = bytesOf(group.members) >= busyGroupBytes;
        await rest(isBusy ? restMs * busyRests : restMs, true);
      }
    }
  }

  /** A group the engine cannot read: its files are tried one by one; one alone is set aside. */
  async function separate(group: Group, fault: Fault): Promise<void> {
    const [only] = group.members;
    if (group.members.length === 1 && only) {
      await options.control.addReceipts([only.receipt]);
      await spool.reject(only);
      onNotice?.({ kind: "rejected", file: only, because: messageOf(fault.cause ?? fault) });
    } else {
      for (const member of group.members) alone.add(member.key);
    }
    await rm(manifestPath(spool.directory, group.token), { force: true });
    await syncDirectory(spool.directory);
  }

  async function nothingLeft(): Promise<void> {
    if (spool.waiting().length > 0) return;
    // What waits behind a batch that is still being written has its turn when that is.
    if (spool.counts().files === 0) {
      now.busy = false;
      for (const idler of idlers) idler.resolve();
      idlers.clear();
    }
    if (!now.woken) await rest(3_600_000, false);
    now.woken = false;
    now.busy = true;
  }

  const done = loop();
  return {
    idle() {
      if (now.closed) return Promise.reject(new Fault("STORE_CLOSED", "The inserter is closed"));
      if (!now.busy && spool.counts().files === 0) return Promise.resolve();
      return new Promise((resolve, reject) => idlers.add({ resolve, reject }));
    },
    async close() {
      now.closed = true;
      wake?.();
      await done;
      for (const { reject } of idlers) reject(new Fault("STORE_CLOSED", "The inserter is closed"));
      idlers.clear();
    },
  };
}

async function insertGroup(options: InserterOptions, group: Group, hasManifest: boolean): Promise<void> {
  const { spool, store, control, onNotice } = options;
  const { token, members, isInserted } = group;
  if (!isInserted) {
    if (!hasManifest) await writeManifest(spool.directory, group);
    // A batch of refused lines only has no rows; its receipt counts all the same.
    const files = members.filter((member) => member.bytes > 0).map((member) => member.path);
    if (files.length > 0) await store.insert({ token, files });
    await control.addReceipts(members.map((member) => member.receipt));
  }
  await spool.remove(members);
  await rm(manifestPath(spool.directory, token), { force: true });
  onNotice?.({ kind: "inserted", files: members.length, bytes: bytesOf(members) });
}

function bytesOf(files: readonly SpoolFile[]): number {
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

/** The files that wait longest, as many as go together. */
function nextGroup(spool: Spool, alone: ReadonlySet<string>): Group | undefined {
  const members: SpoolFile[] = [];
  let bytes = 0;
  for (const file of spool.waiting()) {
    const fits =
      members.length < groupFilesMax && bytes + file.bytes <= groupBytesMax && !alone.has(file.key);
    if (members.length > 0 && !fits) break;
    members.push(file);
    bytes += file.bytes;
    if (alone.has(file.key)) break;
  }
  const [first] = members;
  if (!first) return undefined;
  return { token: tokenOf(members), files: members.map((member) => member.path), members, isInserted: false };
}

/** A file alone has its own key as token; a group the hash of all. */
function tokenOf(members: readonly SpoolFile[]): string {
  const [first] = members;
  if (first && members.length === 1) return first.key;
  const hash = createHash("sha256");
  for (const member of members) hash.update(member.key);
  return `group-${hash.digest("hex").slice(0, 40)}`;
}

/** What a manifest names and is still there. Files are only removed once all of them are inserted. */
function withMembers(group: InsertGroup, spool: Spool): Group {
  const waiting = new Map(spool.waiting().map((file) => [file.path, file]));
  const members = group.files.flatMap((path) => waiting.get(path) ?? []);
  return { ...group, members, isInserted: members.length < group.files.length };
}

const manifestPattern = /^([\w-]+)\.manifest$/;

function manifestPath(directory: string, token: string): string {
  return join(directory, `${token}.manifest`);
}

async function writeManifest(directory: string, { token, files }: InsertGroup): Promise<void> {
  const names = files.map((path) => path.slice(directory.length + 1));
  await writeDurably(directory, `${token}.manifest`, [Buffer.from(JSON.stringify(names))]);
}

async function readManifests(directory: string): Promise<readonly InsertGroup[]> {
  const groups: InsertGroup[] = [];
  for (const name of (await readdir(directory)).sort()) {
    const token = manifestPattern.exec(name)?.[1];
    if (token === undefined) continue;
    const names = JSON.parse(await readFile(join(directory, name), "utf8")) as readonly string[];
    groups.push({ token, files: names.map((file) => join(directory, file)) });
  }
  return groups;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
