/** What is encrypted how: files of the spool, texts of the control store, and the engine's disk. */
import { createHmac } from "node:crypto";
import { basename } from "node:path";
import { Fault } from "../../model/fault.ts";
import { type DataKey, decryptBytes, deriveKey, encryptBytes, keyBytes } from "./data-key.ts";

/** Whole files, each under a key of its own that its name is part of: none can stand in for another. */
export type FileCipher = {
  readonly encrypt: (path: string, parts: readonly Uint8Array[]) => Uint8Array;
  /** Throws `BATCH_UNREADABLE` where the file is not what was written under this name. */
  readonly decrypt: (path: string, bytes: Uint8Array) => Uint8Array;
};

/** The same text always becomes the same text, so that equal ones are still found and kept once. */
export type TextCipher = {
  readonly encrypt: (text: string) => string;
  /** What was never encrypted comes back as it is. */
  readonly decrypt: (text: string) => string;
};

export type Encryption = {
  readonly spool: FileCipher;
  readonly control: TextCipher;
  readonly engine: EngineKeys;
};

/** What the engine's process is given: it has the disk, and reads the files of the spool. */
export type EngineKeys = { readonly disk: string; readonly spool: string };

type RandomBytes = (count: number) => Uint8Array;

export function makeEncryption(dataKey: DataKey, randomBytes: RandomBytes): Encryption {
  const spool = deriveKey(dataKey, "spool");
  return {
    spool: fileCipher(spool, randomBytes),
    control: textCipher(deriveKey(dataKey, "control"), deriveKey(dataKey, "control nonces")),
    engine: { disk: hex(deriveKey(dataKey, "engine disk")), spool: hex(spool) },
  };
}

/** For who only reads. */
export function fileDecipher(spoolKey: string): Pick<FileCipher, "decrypt"> {
  return fileCipher(Buffer.from(spoolKey, "hex"), () => {
    throw new Error("who was given the key to read does not write");
  });
}

const nonceBytes = 12;

function fileCipher(key: Uint8Array, randomBytes: RandomBytes): FileCipher {
  const keyOf = (path: string, salt: Uint8Array): Uint8Array =>
    deriveKey(key, `file ${basename(path)}`, salt);
  return {
    encrypt: (path, parts) => {
      // A batch without rows is a file without bytes, by which it is known.
      if (parts.every((part) => part.byteLength === 0)) return new Uint8Array(0);
      const salt = randomBytes(keyBytes);
      const body = encryptBytes(keyOf(path, salt), randomBytes(nonceBytes), ...parts);
      return Buffer.concat([salt, body]);
    },
    decrypt: (path, bytes) => {
      if (bytes.length === 0) return bytes;
      const salt = bytes.subarray(0, keyBytes);
      const body = decryptBytes(keyOf(path, salt), bytes.subarray(keyBytes));
      if (body !== undefined) return body;
      throw new Fault(
        "BATCH_UNREADABLE",
        `${path} cannot be decrypted: it was changed, or its key is another`,
      );
    },
  };
}

/** No id that is kept in plain text has a dot. */
const encryptedMark = "e1.";

/** A nonce that is computed from the text is never used for two texts (synthetic, as in RFC 5297). */
function textCipher(key: Uint8Array, nonceKey: Uint8Array): TextCipher {
  return {
    encrypt: (text) => {
      const nonce = createHmac("sha256", nonceKey).update(text).digest().subarray(0, nonceBytes);
      const bytes = encryptBytes(key, nonce, Buffer.from(text));
      return encryptedMark + Buffer.from(bytes).toString("base64url");
    },
    decrypt: (text) => {
      if (!text.startsWith(encryptedMark)) return text;
      const bytes = decryptBytes(key, Buffer.from(text.slice(encryptedMark.length), "base64url"));
      if (bytes !== undefined) return Buffer.from(bytes).toString();
      throw new Fault(
        "CONFIG_INVALID",
        "The control database cannot be decrypted: it was changed, or its key is another",
      );
    },
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
