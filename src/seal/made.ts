/** A small ledger with its events in memory, made up for the tests of this folder. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SafeBatch } from "../model/batch.ts";
import { readNdjson } from "../receive/ndjson.ts";
import { exportBundle } from "./bundle.ts";
import { type CanonicalEvent, canonicalEvent } from "./canonical.ts";
import { cosign, cosignedPath } from "./cosign.ts";
import { writeDurableFile } from "./durable-file.ts";
import { Ledger, type LedgerOptions } from "./ledger.ts";
import { createSigner, type Signer } from "./note.ts";
import { createSealer, unpackSeal } from "./sealer.ts";
import type { StoredSegments } from "./segment-check.ts";

export type MadeEvent = CanonicalEvent & { readonly segment: number; readonly place: number };

export const madeSigner = createSigner("example.com/midwatch", new Uint8Array(Buffer.alloc(32, 5)));

export type MadeLedger = {
  readonly data: string;
  readonly options: LedgerOptions;
  /** Changes when the ledger is opened again. */
  ledger: Ledger;
  /** What a store would hold. */
  events: MadeEvent[];
  nowMs: number;
  /** Seals, stores and appends a batch, as the pipeline does. */
  add(kinds: readonly string[], more?: object): void;
  rows(from: number, until: number): StoredSegments & { readonly content: (row: number) => Uint8Array };
  /** With what this witness sees, if one is given. */
  export(name: string, witness?: Signer): Promise<string>;
  remove(): void;
};

let made = 0;
let seeded = 0;

/** Different for every segment, and the same in every run. */
function seeds(length: number): Uint8Array {
  seeded += 1;
  return new Uint8Array(createHash("sha512").update(String(seeded)).digest()).slice(0, length);
}

export function makeLedger(startMs = Date.UTC(2026, 10, 21)): MadeLedger {
  const data = mkdtempSync(join(tmpdir(), "midwatch-made-"));
  const self: MadeLedger = {
    data,
    options: {
      directory: join(data, "ledger"),
      memoryPath: join(data, "ledger.head"),
      signer: madeSigner,
      now: () => self.nowMs,
    },
    ledger: undefined as unknown as Ledger,
    events: [],
    nowMs: startMs,
    add(kinds, more = {}) {
      const lines = kinds.map((kind) => {
        made += 1;
        const id = `0199a1b2-0000-7000-8000-${String(made).padStart(12, "0")}`;
        return JSON.stringify({
          id,
          time: new Date(self.nowMs).toISOString(),
          kind,
          message: `event ${made}`,
          ...more,
        });
      });
      const { batch, refusals } = readNdjson(Buffer.from(lines.join("\n")), self.nowMs);
      if (refusals[0] !== undefined) throw new Error(refusals[0].reason);
      const seal = createSealer(self.ledger.lastSegment + 1, seeds);
      const sealed = seal(batch as unknown as SafeBatch);
      for (let row = 0; row < batch.count; row++) {
        const place = {
          segment: sealed.segments[row] as number,
          place: sealed.segmentPlaces[row] as number,
        };
        self.events.push({ ...place, ...canonicalEvent(batch, row) });
      }
      for (const segment of unpackSeal(sealed.seal)) self.ledger.appendSegment(segment);
    },
    rows(from, until) {
      const rows = self.events.filter(({ segment }) => segment >= from && segment < until);
      rows.sort((a, b) => a.segment - b.segment || a.place - b.place);
      const at = (row: number): MadeEvent => rows[row] as MadeEvent;
      return {
        count: rows.length,
        segments: rows.map(({ segment }) => segment),
        places: rows.map(({ place }) => place),
        add: (hasher, row) => hasher.addCanonical(at(row)),
        header: (row) => at(row).header,
        content: (row) => at(row).content,
      };
    },
    async export(name, witness) {
      const directory = join(data, name);
      const { note } = await self.ledger.publish();
      if (witness) {
        const text = note.slice(0, note.indexOf("\n\n") + 1);
        const cosigned = note + cosign(text, witness, Math.floor(self.nowMs / 1000));
        await writeDurableFile(
          join(self.options.directory, cosignedPath(witness)),
          Buffer.from(cosigned),
          0o600,
        );
      }
      await exportBundle({
        ...(witness && { cosigned: [cosignedPath(witness)] }),
        source: self.ledger.source,
        verifier: madeSigner,
        events: async (from, until) => self.rows(from, until),
        directory,
      });
      return directory;
    },
    remove: () => rmSync(data, { recursive: true, force: true }),
  };
  self.ledger = new Ledger(self.options);
  self.ledger.appendStatement({ type: "start", atMicros: startMs * 1000 });
  return self;
}
