/**
 * A file on another disk or mount. It holds the newest checkpoint, and it is a memory: one that tells
 * of more than the ledger has, or of something else, is never written over.
 */
import { readFileSync } from "node:fs";
import { dirname, isAbsolute } from "node:path";
import { Fault } from "../../model/fault.ts";
import { writeDurableFile } from "../../seal/durable-file.ts";
import { openCheckpoint } from "../../seal/note.ts";
import { judgeCheckpoint } from "../../seal/witness.ts";
import { type AnchorKind, delivered, failed } from "../anchor.ts";

const fileMode = 0o644;

export const file: AnchorKind = {
  fields: { path: { form: "text", required: true, about: "the file, best on another machine's disk" } },
  everySeconds: 10,
  make(settings, { ledger }) {
    const path = settings.text("path") ?? "";
    if (!isAbsolute(path)) throw new Fault("CONFIG_INVALID", "its path must begin with a slash");
    return async ({ head, consistency }) => {
      const kept = readIfThere(path);
      const old = kept === undefined ? undefined : openCheckpoint(kept, ledger);
      const proof = old !== undefined && old.size < head.size ? consistency(old.size) : [];
      const judgement = judgeCheckpoint(ledger, kept, {
        note: head.note,
        consistency: proof.map((hash) => Buffer.from(hash).toString("base64")),
      });
      if (judgement.kind !== "consistent") return failed(`${judgement.kind}: ${judgement.because}`);
      try {
        await writeDurableFile(path, Buffer.from(head.note), fileMode);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        return failed(`${dirname(path)} cannot be written to (${code ?? message})`);
      }
      return delivered(path);
    };
  },
};

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
