/**
 * A witness for the ledgers of others (c2sp.org/tlog-witness): cosigns a checkpoint if it begins with
 * the newest one that was cosigned before, and remembers it on disk before it answers.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cosign } from "./cosign.ts";
import { writeDurableFile } from "./durable-file.ts";
import { emptyRoot, type Hash, sameBytes, sha256, verifyConsistency } from "./merkle.ts";
import { type Checkpoint, openCheckpoint, openNote, type Signer, type Verifier } from "./note.ts";

export type WitnessAnswer = {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: string;
  readonly body: string;
};

export type WitnessServer = {
  readonly cosigner: Signer;
  readonly addCheckpoint: (body: string) => Promise<WitnessAnswer>;
};

export type WitnessServerOptions = {
  /** Holds the newest checkpoint of each ledger. */
  readonly directory: string;
  readonly cosigner: Signer;
  /** Public keys of the ledgers that are witnessed; each is known by its name. */
  readonly logs: readonly Verifier[];
  readonly now: () => number;
};

const proofLinesMax = 63;
const plain = "text/plain; charset=utf-8";

type Request = { readonly oldSize: number; readonly proof: readonly Hash[]; readonly note: string };

export function formatAddCheckpoint({ oldSize, proof, note }: Request): string {
  const lines = proof.map((hash) => `${Buffer.from(hash).toString("base64")}\n`);
  return `old ${oldSize}\n${lines.join("")}\n${note}`;
}

function parseAddCheckpoint(body: string): Request | undefined {
  const middle = body.indexOf("\n\n");
  const [first, ...lines] = body.slice(0, Math.max(middle, 0)).split("\n");
  const size = /^old (0|[1-9]\d{0,15})$/.exec(first ?? "")?.[1];
  const isProof = lines.every((line) => /^[A-Za-z0-9+/]{43}=$/.test(line));
  if (size === undefined || !isProof || lines.length > proofLinesMax) return undefined;
  const proof = lines.map((line) => new Uint8Array(Buffer.from(line, "base64")));
  return { oldSize: Number(size), proof, note: body.slice(middle + 2) };
}

const refuse = (status: WitnessAnswer["status"], because: string): WitnessAnswer => ({
  status,
  type: plain,
  body: `${because}\n`,
});

export function makeWitnessServer({ directory, cosigner, logs, now }: WitnessServerOptions): WitnessServer {
  /** One request after the other: what is compared and what is remembered must be one step. */
  let turn: Promise<unknown> = Promise.resolve();
  const pathOf = ({ name }: Verifier): string =>
    join(directory, Buffer.from(sha256(Buffer.from(name))).toString("hex"));

  const remembered = (log: Verifier): Checkpoint => {
    const note = readIfThere(pathOf(log));
    const kept = note === undefined ? undefined : openCheckpoint(note, log);
    if (note !== undefined && kept === undefined)
      throw new Error(`${pathOf(log)} is no checkpoint of ${log.name}`);
    return kept ?? { origin: log.name, size: 0, root: emptyRoot };
  };

  const judge = async (body: string): Promise<WitnessAnswer> => {
    const request = parseAddCheckpoint(body);
    if (request === undefined) return refuse(400, "The request is malformed");
    const { oldSize, proof, note } = request;
    const origin = note.slice(0, Math.max(0, note.indexOf("\n")));
    const named = logs.filter(({ name }) => name === origin);
    if (named.length === 0) return refuse(404, "This witness does not know the ledger");
    const log = named.find((one) => openCheckpoint(note, one) !== undefined);
    const next = log && openCheckpoint(note, log);
    if (log === undefined || next === undefined)
      return refuse(403, "The checkpoint is not signed by a known key");
    if (oldSize > next.size) return refuse(400, "The old size is larger than the checkpoint's");
    const old = remembered(log);
    if (old.size !== oldSize) return { status: 409, type: "text/x.tlog.size", body: `${old.size}\n` };
    if (oldSize === next.size && !sameBytes(old.root, next.root))
      return refuse(409, "Another checkpoint of this size was cosigned");
    const isProven =
      oldSize === 0 || oldSize === next.size
        ? proof.length === 0
        : verifyConsistency(oldSize, next.size, old.root, next.root, proof);
    if (!isProven) return refuse(422, "The proof does not lead from the old checkpoint to the new one");
    await writeDurableFile(pathOf(log), Buffer.from(note), 0o600);
    const text = openNote(note, log) as string;
    return { status: 200, type: plain, body: cosign(text, cosigner, Math.floor(now() / 1000)) };
  };

  return {
    cosigner,
    addCheckpoint: (body) => {
      const answer = turn.then(
        () => judge(body),
        () => judge(body),
      );
      turn = answer;
      return answer;
    },
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
