/**
 * Where the events of a segment stand in the store. Inside a batch, events are numbered in the order
 * in which the store sorts them, over all streams: so the numbers in its column hardly take any room.
 * A segment keeps the places of its events, in rising order: the n-th is that of its n-th leaf.
 */
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";

const packedBytesMax = 64 * 1024;

/** Gaps between places, small numbers mostly, deflated. */
export function packPlaces(places: ArrayLike<number>): Uint8Array {
  const gaps: number[] = [];
  let last = -1;
  for (let at = 0; at < places.length; at++) {
    let gap = (places[at] as number) - last - 1;
    last = places[at] as number;
    for (; gap > 0x7f; gap >>>= 7) gaps.push((gap & 0x7f) | 0x80);
    gaps.push(gap);
  }
  return new Uint8Array(
    deflateRawSync(Uint8Array.from(gaps), { level: 1, strategy: constants.Z_HUFFMAN_ONLY }),
  );
}

/** `undefined` for bytes that `packPlaces` never makes of so many places. */
export function unpackPlaces(bytes: Uint8Array, count: number): Uint32Array | undefined {
  let gaps: Uint8Array;
  try {
    gaps = inflateRawSync(bytes, { maxOutputLength: packedBytesMax });
  } catch {
    return undefined;
  }
  const places = new Uint32Array(count);
  let at = 0;
  let last = -1;
  for (let index = 0; index < count; index++) {
    let gap = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = gaps[at++];
      if (byte === undefined || shift > 28) return undefined;
      gap |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    last += gap + 1;
    places[index] = last;
  }
  return at === gaps.length ? places : undefined;
}

/** Index of the leaf whose event has this place; -1 where the segment has none there. */
export function indexOfPlace(places: Uint32Array | undefined, place: number, count: number): number {
  if (places === undefined) return place < count ? place : -1;
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return places[low] === place ? low : -1;
}
