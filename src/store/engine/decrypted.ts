/**
 * Hands encrypted files to a statement without ever writing down what is in them: the statement reads
 * a named pipe, as it would read a file, and is fed through it.
 *
 * The pipe is fed by the engine's own process. So the engine can never take the end of a writer that
 * died for the end of its rows: the same kill ends both.
 */
import { execFileSync } from "node:child_process";
import { constants, openSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { Fault } from "../../model/fault.ts";
import type { FileCipher } from "../encryption/ciphers.ts";

export type DecryptedFiles = {
  /** Runs `statement` with the path under which it reads all the files as one. One at a time. */
  feed<T>(paths: readonly string[], statement: (path: string) => Promise<T>): Promise<T>;
};

/** Between two looks for the statement, until it has opened the pipe. */
const lookMs = 1;

/** Makes the pipe, for its owner alone. Node has no call for that, so `mkfifo` is asked. */
export function openDecryptedFiles(pipe: string, cipher: Pick<FileCipher, "decrypt">): DecryptedFiles {
  rmSync(pipe, { force: true });
  execFileSync("mkfifo", ["-m", "600", pipe], { stdio: "ignore" });
  let last: Promise<unknown> = Promise.resolve();

  async function feed<T>(paths: readonly string[], statement: (path: string) => Promise<T>): Promise<T> {
    // Whole and proven before the first byte is handed on: the engine never sees half a group.
    const parts: Uint8Array[] = [];
    for (const path of paths) parts.push(decrypt(path, await readFile(path)));
    let isOver = false;
    const answer = statement(pipe).finally(() => {
      isOver = true;
    });
    const [answered, written] = await Promise.allSettled([answer, writeAll(pipe, parts, () => isOver)]);
    if (answered.status === "rejected") throw answered.reason;
    // An engine that answers well without having read everything would be one that lost rows.
    if (written.status === "rejected") throw written.reason;
    return answered.value;
  }

  function decrypt(path: string, bytes: Uint8Array): Uint8Array {
    try {
      return cipher.decrypt(path, bytes);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      throw new Error(`Code: 117. DB::Exception: ${error.message}. (INCORRECT_DATA)`, { cause: error });
    }
  }

  return {
    feed(paths, statement) {
      const turn = last.then(() => feed(paths, statement));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

async function writeAll(pipe: string, parts: readonly Uint8Array[], isOver: () => boolean): Promise<void> {
  const reader = await openWhenRead(pipe, isOver);
  const socket = new Socket({ fd: reader, readable: false, writable: true });
  const closed = new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => resolve());
  });
  for (const part of parts) socket.write(part);
  socket.end();
  await closed;
}

/** Opened before the statement has it open, the pipe could be written and closed with nobody there. */
async function openWhenRead(pipe: string, isOver: () => boolean): Promise<number> {
  for (;;) {
    try {
      return openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
    }
    if (isOver()) throw new Error("the statement ended without reading its rows");
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}
