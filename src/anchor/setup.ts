/**
 * The file that says where checkpoints are kept, and whose ledgers this server witnesses:
 *
 *     anchors:
 *       vault:
 *         kind: file
 *         path: /mnt/vault/midwatch.checkpoint
 *       night:
 *         kind: witness
 *         url: https://midwatch.night.example.com/witness
 *         key: night.example.com/witness+1a2b3c4d+BA...
 *     witnessed:
 *       - day.example.com/midwatch/9f8e7d6c+1a2b3c4d+AQ...
 */
import type { SecretTools } from "../alert/fields.ts";
import { type Given, mapOf, readFields, readYaml, wrong } from "../alert/fields.ts";
import { Fault } from "../model/fault.ts";
import { parseVerifier, type Verifier } from "../seal/note.ts";
import type { AnchorTools, DropCheckpoint } from "./anchor.ts";
import { anchorKinds } from "./kinds.ts";

export type Anchor = {
  readonly name: string;
  readonly kind: string;
  readonly everyMs: number;
  readonly drop: DropCheckpoint;
};

/** Checked as far as it can be without the ledger, which is not open when the file is read. */
export type AnchorSetup = {
  readonly witnessed: readonly Verifier[];
  readonly open: (tools: AnchorTools) => readonly Anchor[];
};

export const noAnchors: AnchorSetup = { witnessed: [], open: () => [] };

const anchorsMax = 50;
const witnessedMax = 1000;
const everySecondsMax = 7 * 86_400;

/** Throws `Fault` `CONFIG_INVALID` that names what is wrong. */
export function readAnchorSetup(text: string, secrets: SecretTools): AnchorSetup {
  const file = mapOf(readYaml(text), "the file");
  const unknown = Object.keys(file).find((key) => key !== "anchors" && key !== "witnessed");
  if (unknown !== undefined)
    throw wrong(`there is no key \`${unknown}\`; expected \`anchors\` and \`witnessed\``);
  const entries = Object.entries(mapOf(file["anchors"] ?? {}, "`anchors`"));
  if (entries.length > anchorsMax) throw wrong(`there may be at most ${anchorsMax} anchors`);
  const makers = entries.map(([name, value]) =>
    readAnchor(name, mapOf(value, `anchor \`${name}\``), secrets),
  );
  return {
    witnessed: readWitnessed(file["witnessed"] ?? []),
    open: (tools) => makers.map((make) => make(tools)),
  };
}

function readAnchor(name: string, given: Given, secrets: SecretTools): (tools: AnchorTools) => Anchor {
  const inPlace = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      if (error instanceof Fault && error.code === "CONFIG_INVALID")
        throw wrong(`anchor \`${name}\`: ${error.message}`);
      throw error;
    }
  };
  return inPlace(() => {
    if (!/^[\w.-]{1,64}$/.test(name)) throw wrong("its name must be 1 to 64 letters, digits, dots, dashes");
    const kindName = String(given["kind"]);
    const kind = Object.hasOwn(anchorKinds, kindName) ? anchorKinds[kindName] : undefined;
    if (kind === undefined) throw wrong(`its kind must be one of ${Object.keys(anchorKinds).join(", ")}`);
    const seconds = Number(given["every_seconds"] ?? kind.everySeconds);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > everySecondsMax)
      throw wrong(`its every_seconds must be a whole number from 1 to ${everySecondsMax}`);
    const values = readFields(given, kind.fields, ["kind", "every_seconds"], secrets);
    const settings = {
      text: (field: string) => values.get(field)?.[0],
      texts: (field: string) => values.get(field) ?? [],
    };
    return (tools) => {
      const drop = inPlace(() => kind.make(settings, tools));
      return { name, kind: kindName, everyMs: seconds * 1000, drop };
    };
  });
}

function readWitnessed(value: unknown): readonly Verifier[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > witnessedMax) throw wrong(`\`witnessed\` may hold at most ${witnessedMax} keys`);
  return list.map((text) => {
    const key = typeof text === "string" ? parseVerifier(text) : undefined;
    if (key === undefined)
      throw wrong(
        "`witnessed` must be a list of public keys of ledgers, as `midwatch ledger key` prints them",
      );
    return key;
  });
}
