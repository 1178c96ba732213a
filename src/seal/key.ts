/**
 * The key of a ledger as a file, in the form that other tools for signed notes use:
 * `PRIVATE+KEY+<name>+<id>+<base64>`. Its public half lies beside it and may be given to anybody.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { Fault } from "../model/fault.ts";
import { createSigner, formatVerifier, type KeyMark, noteMark, type Signer } from "./note.ts";

export function writeKey(path: string, name: string, secret: Uint8Array, mark: KeyMark = noteMark): Signer {
  const signer = createSigner(name, secret, mark);
  const id = Buffer.from(signer.id).toString("hex");
  const text = Buffer.concat([Uint8Array.of(mark), secret]).toString("base64");
  writeFileSync(path, `PRIVATE+KEY+${name}+${id}+${text}\n`, { mode: 0o400, flag: "wx" });
  writeFileSync(`${path}.public`, `${formatVerifier(signer, mark)}\n`, { mode: 0o644 });
  return signer;
}

/** `undefined` where there is no key. Refuses one that others can read, or that is malformed. */
export function readKey(path: string, mark: KeyMark = noteMark): Signer | undefined {
  if (!existsSync(path)) return undefined;
  if ((statSync(path).mode & 0o077) !== 0) {
    throw new Fault("CONFIG_INVALID", `The ledger's key ${path} can be read by others: chmod 0400 it`);
  }
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\s*$/.exec(
    readFileSync(path, "utf8"),
  );
  const secret = new Uint8Array(Buffer.from(match?.[3] ?? "", "base64"));
  if (match === null || secret.length !== 33 || secret[0] !== mark) {
    throw new Fault("CONFIG_INVALID", `The ledger's key ${path} is malformed`);
  }
  const signer = createSigner(match[1] as string, secret.slice(1), mark);
  if (Buffer.from(signer.id).toString("hex") !== match[2]) {
    throw new Fault("CONFIG_INVALID", `The ledger's key ${path} does not match its id`);
  }
  return signer;
}
