/** The ledger's checkpoint as people read it (c2sp.org/tlog-checkpoint). Pure but for the reading. */
import { useEffect, useState } from "preact/hooks";

export type Checkpoint = {
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** Names of those who signed it. */
  readonly signers: readonly string[];
  readonly text: string;
};

/** Undefined for what is no checkpoint. */
export function checkpointOf(text: string): Checkpoint | undefined {
  const [head = "", signatures = ""] = text.split("\n\n");
  const [origin = "", size = "", root = ""] = head.split("\n");
  if (origin === "" || !/^\d+$/.test(size) || root === "") return undefined;
  const signers = [...signatures.matchAll(/^— (\S+) /gm)].map(([, name = ""]) => name);
  return { origin, size: Number(size), root, signers, text };
}

/** The newest checkpoint, read again every so often; null while there is none. */
export function useCheckpoint(): {
  readonly checkpoint: Checkpoint | null | undefined;
  readonly key: string;
} {
  const [checkpoint, setCheckpoint] = useState<Checkpoint | null | undefined>(undefined);
  const [key, setKey] = useState("");
  useEffect(() => {
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      try {
        const [newest, verifier] = await Promise.all(
          ["/ledger/checkpoint", "/ledger/key"].map(async (path) => {
            const answer = await fetch(path, { signal: stop.signal });
            return answer.ok ? await answer.text() : "";
          }),
        );
        setCheckpoint(checkpointOf(newest ?? "") ?? null);
        setKey((verifier ?? "").trim());
      } catch {
        // The server is away; the strip above says so, and what was read stays.
      }
    };
    void read();
    const timer = setInterval(() => void read(), 20_000);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, []);
  return { checkpoint, key };
}
