/**
 * Erasing the content of one event: first a signed statement, then its salt and content are gone for
 * ever. Header and commitment stay, so that every other proof holds and everybody can see that, when
 * and why something was erased.
 */
import { Fault } from "../model/fault.ts";
import type { Ledger } from "./ledger.ts";
import { sameBytes } from "./merkle.ts";
import { punctureSalts } from "./salts.ts";
import { packSecret, unpackSecret } from "./secrets.ts";
import { SegmentHasher } from "./segment.ts";
import type { StoredSegments } from "./segment-check.ts";

export type Erasure = {
  readonly segment: number;
  readonly index: number;
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
  const { segment, index } = erasure;
  if (erasure.actor.trim() === "" || erasure.approver.trim() === "" || erasure.reason.trim() === "") {
    throw new Fault("BAD_REQUEST", "An erasure needs an actor, an approver and a reason");
  }
  if (erasure.actor === erasure.approver)
    throw new Fault("BAD_REQUEST", "The approver must be another person than the actor");
  const place = ledger.find(segment);
  const entry = place === undefined ? undefined : ledger.entry(place);
  const secret = place === undefined ? undefined : unpackSecret(ledger.secretBytes(place));
  if (place === undefined || entry?.type !== "segment" || secret === undefined || index >= entry.count) {
    throw new Fault("NOT_FOUND", `The ledger has no event ${index} in segment ${segment}`);
  }
  if (secret.tombstones.has(index)) return "was erased";

  const order = new Map(Array.from({ length: rows.count }, (_, row) => [rows.indexes[row], row]));
  const hasher = new SegmentHasher();
  for (let at = 0; at < entry.count; at++) {
    const row = order.get(at);
    const grave = secret.tombstones.get(at);
    if (grave !== undefined) hasher.addTombstone(grave);
    else if (row !== undefined) rows.add(hasher, row);
    else
      throw new Fault(
        "LEDGER_INCONSISTENT",
        `Event ${at} of segment ${segment} is missing: verify before anything is erased`,
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
    ...erasure,
  });
  await ledger.replaceSecret(place, (bytes) => {
    const now = unpackSecret(bytes);
    if (now === undefined) throw new Error("the secret of a segment cannot be read");
    return packSecret({
      salts: punctureSalts(now.salts, index, entry.count),
      hints: now.hints,
      tombstones: new Map([...now.tombstones, [index, { header, commitment }]]),
    });
  });
  return "erased";
}
