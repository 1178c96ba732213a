/**
 * What people ask of the recorders of this host, as a file in the spool: the recorders look at it
 * when they have a reason to, and nothing has to listen (contract/settings/README.md).
 */
import {
  chmodSync,
  closeSync,
  constants,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { DebugOrder } from "../model/debug.ts";

export class ControlFile {
  readonly #path: string;
  #written: string | undefined;

  constructor(spool: string) {
    this.#path = join(spool, "control.json");
  }

  /** Written whole, and only when it changes. Never throws: a spool that is full or gone is said elsewhere. */
  write(debug: readonly DebugOrder[]): void {
    const text = `${JSON.stringify({ debug })}\n`;
    try {
      this.#written ??= readOrNothing(this.#path);
      if (text === this.#written || (debug.length === 0 && this.#written === "")) return;
      const { O_WRONLY, O_CREAT, O_EXCL } = constants;
      const fresh = `${this.#path}.new`;
      // Whoever may leave files in the spool may have left one of this name.
      rmSync(fresh, { force: true });
      const descriptor = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL, 0o644);
      writeSync(descriptor, text);
      closeSync(descriptor);
      // Recorders run as anybody, and there is nothing in it that they may not know.
      chmodSync(fresh, 0o644);
      renameSync(fresh, this.#path);
      this.#written = text;
    } catch {
      this.#written = undefined;
    }
  }
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
