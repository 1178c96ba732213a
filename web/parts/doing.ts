/** Something that is done with the server at the reader's word, and what is said about it. */
import { useState } from "preact/hooks";
import { AskFault } from "../ask.ts";

type Doing = {
  readonly said: string;
  readonly busy: boolean;
  readonly run: (work: () => Promise<string>) => void;
};

/** Says what the work answered, or what the server said when it did not want to. */
export function useDoing(): Doing {
  const [said, setSaid] = useState("");
  const [busy, setBusy] = useState(false);
  const run = (work: () => Promise<string>): void => {
    setSaid("");
    setBusy(true);
    work()
      .then(setSaid, (error: unknown) => {
        if (!(error instanceof AskFault)) throw error;
        setSaid(error.message);
      })
      .finally(() => setBusy(false));
  };
  return { said, busy, run };
}
