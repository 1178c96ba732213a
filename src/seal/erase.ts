/**
 * Erasing the content of one event: first a signed statement, then its salt and content are gone for
 * ever. Header and commitment stay, so that every other proof holds and everybody can see that, when
 * and why something was erased.
 */
import { Fault } from "../model/fault.ts";
import type { Ledger } from "./ledger.ts";
import { sameBytes } from "./merkle.ts";
import { punctureSalts } from "./salts.ts";
import { indexIn, packSecret, rowsByIndex, unpackSecret } from "./secrets.ts";
import { SegmentHasher } from "./segment.ts";
import type { StoredSegments } from "./segment-check.ts";

export type Erasure = {
  readonly segment: number;
  /** As the store has it: `segment_index`. */
  readonly place: number;
  readonly actor: string;
  /** Somebody else than the actor. */
  readonly approver: string;
  /** Why; never what. */
  readonly reason: string;
};

/**
 * Resolves when the statement is signed and the salt gone; the caller then removes the event from
 * the store. `rows` are the stored events of the segment: one that is not intact is not touched, or
 * an erasure could hide a change. Doing it again after a crash does the rest.
 */
export async function eraseEvent(
  ledger: Ledger,
  rows: StoredSegments,
  erasure: Erasure,
): Promise<"erased" | "was erased"> {
  const { segment, actor, approver, reason } = erasure;
  if (erasure.actor.trim() === "" || erasure.approver.trim() === "" || erasure.reason.trim() === "") {
    throw new Fault("BAD_REQUEST", "An erasure needs an actor, an approver and a reason");
  }
  if (erasure.actor === erasure.approver)
    throw new Fault("BAD_REQUEST", "The approver must be another person than the actor");
  const at = ledger.find(segment);
  const entry = at === undefined ? undefined : ledger.entry(at);
  const secret = at === undefined ? undefined : unpackSecret(ledger.secretBytes(at));
  const index = entry?.type === "segment" && secret ? indexIn(secret, erasure.place, entry.count) : -1;
  if (at === undefined || entry?.type !== "segment" || secret === undefined || index < 0) {
    throw new Fault("NOT_FOUND", `The ledger has no event ${erasure.place} in segment ${segment}`);
  }
  if (secret.tombstones.has(index)) return "was erased";

  const order = rowsByIndex(secret, rows, entry.count);
  const hasher = new SegmentHasher();
  for (let next = 0; next < entry.count; next++) {
    const row = order.get(next);
    const grave = secret.tombstones.get(next);
    if (grave !== undefined) hasher.addTombstone(grave);
    else if (row !== undefined) rows.add(hasher, row);
    else
      throw new Fault(
        "LEDGER_INCONSISTENT",
        `Event ${next} of segment ${segment} is missing: verify before anything is erased`,
      );
  }
  if (!sameBytes(hasher.finish(secret.salts).root, entry.root)) {
    throw new Fault(
      "LEDGER_INCONSISTENT",
      `Segment ${segment} is not what was sealed: verify before anything is erased`,
    );
  }
  const commitment = hasher.commitment(index);
  const header = rows.header(order.get(index) ?? 0);
  ledger.appendStatement({
    type: "erase",
    atMicros: Math.floor(ledger.options.now() * 1000),
    commitment,
    segment,
    index,
    actor,
    approver,
    reason,
  });
  await ledger.replaceSecret(at, (bytes) => {
    const now = unpackSecret(bytes);
    if (now === undefined) throw new Error("the secret of a segment cannot be read");
    return packSecret({
      salts: punctureSalts(now.salts, index, entry.count),
      hints: now.hints,
      places: now.places,
      tombstones: new Map([...now.tombstones, [index, { header, commitment }]]),
    });
  });
  return "erased";
}
