/** The places that canaries are planted in, and the marker that must arrive from each. */
import { type Canary, canaries } from "./canaries.ts";

/** Harmless, and must be found: so that a search for the others is seen to see. */
export function markerOf(place: string): string {
  return `harmless-marker-${place.replaceAll(/[ ,]+/g, "-")}`;
}

/** Hands out canaries by place, and remembers where something must arrive. */
export class Plan {
  /** Markers that the server must store. */
  readonly arriving: string[] = [];

  /** A place of which the marker is stored. */
  at(name: string): readonly Canary[] {
    this.arriving.push(markerOf(name));
    return canaries();
  }

  /** A place of which nothing at all is stored. */
  lost(): readonly Canary[] {
    return canaries();
  }

  /** For a program of another language: by place, as JSON. */
  forProgram(names: readonly string[]): string {
    return JSON.stringify(Object.fromEntries(names.map((name) => [name, this.at(name)])));
  }
}
