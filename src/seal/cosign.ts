/**
 * Cosignatures (c2sp.org/tlog-cosignature, Ed25519): a witness signs that at a time it saw a
 * checkpoint which begins with all that it saw before.
 */
import { sign, verify } from "node:crypto";
import { publicKeyOf, type Signer, type Verifier } from "./note.ts";

const timeBytes = 8;
const signatureBytes = 64;

function signedMessage(noteText: string, atSeconds: number): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${atSeconds}\n${noteText}`);
}

/** The signature line, with its line feed, over the text of a checkpoint. */
export function cosign(noteText: string, cosigner: Signer, atSeconds: number): string {
  const time = Buffer.alloc(timeBytes);
  time.writeBigUInt64BE(BigInt(atSeconds));
  const signature = sign(null, signedMessage(noteText, atSeconds), cosigner.privateKey);
  return `— ${cosigner.name} ${Buffer.concat([cosigner.id, time, signature]).toString("base64")}\n`;
}

/** The newest time, in seconds, at which `cosigner` has signed a note; `undefined` if it has not. */
export function cosignedAt(note: string, cosigner: Verifier): number | undefined {
  const middle = note.lastIndexOf("\n\n");
  if (middle < 0) return undefined;
  const text = note.slice(0, middle + 1);
  const times = note
    .slice(middle + 2)
    .split("\n")
    .flatMap((line) => {
      const [, name, base64] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
      const bytes = Buffer.from(base64 ?? "", "base64");
      if (name !== cosigner.name || bytes.length !== cosigner.id.length + timeBytes + signatureBytes)
        return [];
      if (!bytes.subarray(0, 4).equals(cosigner.id)) return [];
      const seconds = Number(bytes.readBigUInt64BE(4));
      const isSigned = verify(null, signedMessage(text, seconds), publicKeyOf(cosigner), bytes.subarray(12));
      return isSigned ? [seconds] : [];
    });
  return times.length === 0 ? undefined : Math.max(...times);
}

/** Where the ledger keeps the newest checkpoint that a witness has cosigned. */
export function cosignedPath({ id }: Verifier): string {
  return `cosigned/${Buffer.from(id).toString("hex")}`;
}

export function isCosignedPath(path: string): boolean {
  return /^cosigned\/[0-9a-f]{8}$/.test(path);
}
