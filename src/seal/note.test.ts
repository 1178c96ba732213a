import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createSigner,
  formatVerifier,
  openCheckpoint,
  openNote,
  parseVerifier,
  signCheckpoint,
  signNote,
} from "./note.ts";

const signer = createSigner("example.com/ledger", new Uint8Array(Buffer.alloc(32, 9)));

test("the example note and key of other implementations are read", () => {
  // The well-known key and note of the documentation of Go's note package.
  const peter = parseVerifier("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
  assert.ok(peter);
  const note =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
  assert.match(openNote(note, peter) ?? "", /^If you think/);
  assert.equal(openNote(note.replace("answer", "Answer"), peter), undefined);
});

test("a checkpoint is read back by its own key and by no other", () => {
  const checkpoint = { origin: signer.name, size: 42, root: new Uint8Array(32).fill(3) };
  const note = signCheckpoint(checkpoint, signer);
  assert.deepEqual(openCheckpoint(note, signer), checkpoint);
  const verifier = parseVerifier(formatVerifier(signer));
  assert.ok(verifier);
  assert.deepEqual(openCheckpoint(note, verifier), checkpoint);
  const other = createSigner("example.com/ledger", new Uint8Array(Buffer.alloc(32, 8)));
  assert.equal(openCheckpoint(note, other), undefined);
  const elsewhere = createSigner("example.com/other", new Uint8Array(Buffer.alloc(32, 9)));
  assert.equal(openCheckpoint(signCheckpoint(checkpoint, elsewhere), elsewhere), undefined);
});

test("every flipped bit of a checkpoint is refused, and signatures of strangers are passed over", () => {
  const note = signCheckpoint({ origin: signer.name, size: 42, root: new Uint8Array(32) }, signer);
  const bytes = Buffer.from(note);
  let refused = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    if (openCheckpoint(flipped.toString(), signer) === undefined) refused++;
  }
  // Two unused bits at the end of the signature's base64 mean nothing.
  assert.ok(refused >= bytes.length * 8 - 4, `${refused} of ${bytes.length * 8}`);
  const stranger = createSigner("witness.example", new Uint8Array(Buffer.alloc(32, 1)));
  const text = openNote(note, signer) as string;
  const both = note + signNote(text, stranger).slice(text.length + 1);
  assert.equal(openCheckpoint(both, signer)?.size, 42);
  assert.equal(openNote(both, stranger), text);
});
