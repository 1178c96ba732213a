import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  consistencyProof,
  emptyRoot,
  type Hash,
  inclusionProof,
  leafHash,
  nodeHash,
  rangeRoot,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";

const vectors = join(import.meta.dirname, "../../../shared/vectors/merkle/testdata");
const absent = existsSync(vectors) ? false : "the published vectors are not beside the repository";

function vectorFiles(folder: string): readonly string[] {
  return readdirSync(join(vectors, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(vectors, folder, name));
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

type Vector = {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly leafHash: string;
  readonly root: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
};

test("every published inclusion vector is judged as published", { skip: absent }, () => {
  const files = vectorFiles("inclusion");
  assert.ok(files.length >= 90, `saw ${files.length} vectors`);
  for (const file of files) {
    const vector = JSON.parse(readFileSync(file, "utf8")) as Vector;
    const proof = (vector.proof ?? []).map(bytes);
    const held = verifyInclusion(
      vector.leafIdx,
      vector.treeSize,
      bytes(vector.leafHash),
      proof,
      bytes(vector.root),
    );
    assert.equal(held, !vector.wantErr, file);
  }
});

test("every published consistency vector is judged as published", { skip: absent }, () => {
  const files = vectorFiles("consistency");
  assert.ok(files.length >= 90, `saw ${files.length} vectors`);
  for (const file of files) {
    const vector = JSON.parse(readFileSync(file, "utf8")) as Vector;
    const proof = (vector.proof ?? []).map(bytes);
    const held = verifyConsistency(
      vector.size1,
      vector.size2,
      bytes(vector.root1),
      bytes(vector.root2),
      proof,
    );
    assert.equal(held, !vector.wantErr, file);
  }
});

test("all proofs over all trees up to 40 leaves hold, and none holds for another leaf or root", () => {
  const leaves: Hash[] = [];
  const subtree = (level: number, first: number): Hash =>
    level === 0
      ? (leaves[first] as Hash)
      : nodeHash(subtree(level - 1, first), subtree(level - 1, first + 2 ** (level - 1)));
  const roots: Hash[] = [emptyRoot];
  let proofs = 0;
  for (let size = 1; size <= 40; size++) {
    leaves.push(leafHash(Buffer.from(`entry ${size}`)));
    const root = rangeRoot(0, size, subtree);
    roots.push(root);
    for (let index = 0; index < size; index++) {
      const proof = inclusionProof(index, size, subtree);
      assert.ok(verifyInclusion(index, size, leaves[index] as Hash, proof, root));
      assert.ok(!verifyInclusion(index, size, leafHash(Buffer.from("forged")), proof, root));
      proofs++;
    }
    for (let old = 1; old <= size; old++) {
      const proof = consistencyProof(old, size, subtree);
      assert.ok(verifyConsistency(old, size, roots[old] as Hash, root, proof), `${old} in ${size}`);
      assert.ok(!verifyConsistency(old, size, leafHash(Buffer.from("forged")), root, proof));
      proofs++;
    }
  }
  assert.equal(proofs, 820 + 820);
});
