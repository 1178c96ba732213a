/** The newest link of every sender's chain, and what is said when one does not fit to the next. */
import type { SourceChain } from "../model/intake.ts";
import { judgeChain } from "../seal/source-chain.ts";
import type { Spool } from "../store/spool.ts";
import type { ControlStore } from "../store/store.ts";
import type { OwnEvents } from "./own-events.ts";

export type SourceChains = {
  /** A batch is on disk, or was before. Of one sender, one after the other. */
  readonly heard: (source: string, link: SourceChain) => void;
};

/** Begins with what the store and the spool remember. */
export async function openSourceChains(
  control: Pick<ControlStore, "sourceChains">,
  spool: Pick<Spool, "waiting">,
  record: OwnEvents["record"],
): Promise<SourceChains> {
  const newest = new Map(await control.sourceChains());
  for (const { receipt } of spool.waiting()) {
    const known = newest.get(receipt.source);
    if (receipt.chain && receipt.chain.count > (known?.count ?? 0)) newest.set(receipt.source, receipt.chain);
  }
  return {
    heard: (source, link) => {
      const kept = newest.get(source);
      const judgement = judgeChain(kept, link);
      newest.set(source, link);
      if (judgement.kind !== "broken") return;
      record("source.gap", {
        severity: "error",
        message: sentenceOf(source, kept, link, judgement.missing),
        attributes: { gap_source: source, missing_batches: judgement.missing, batch: link.count },
      });
    },
  };
}

function sentenceOf(
  source: string,
  kept: SourceChain | undefined,
  link: SourceChain,
  missing: number,
): string {
  const came = kept === undefined ? "none of them came here" : `number ${kept.count} was the last that came`;
  if (missing === 0) {
    return `${source} sends batch ${link.count} of another history than it had (${came}): its state was put back or replaced`;
  }
  const what = missing === 1 ? "One batch" : `${missing} batches`;
  return `${what} of ${source} were lost or taken out before they came here: it sends number ${link.count}, and ${came}`;
}
