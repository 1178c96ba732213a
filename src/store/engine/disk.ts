/**
 * The engine's encrypted disk: everything that it writes of tables goes through AES-256 in counter
 * mode, each file with a nonce of its own.
 */
import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where the engine's process finds the key, from before it opens until it has. */
export const diskKeyVariable = "MIDWATCH_ENGINE_DISK_KEY";

/**
 * Held for every statement beside an encrypted disk: the embedded engine writes what does not fit
 * into memory to a folder that no setting moves there. So a statement stays in memory or is refused;
 * the last of these refuses whatever way to the disk the others should have missed.
 */
export const inMemoryAlone: readonly (readonly [name: string, value: string])[] = [
  ...["group_by", "sort", "join"].flatMap((what) => [
    [`max_bytes_before_external_${what}`, "0"] as const,
    [`max_bytes_ratio_before_external_${what}`, "0"] as const,
  ]),
  ["max_temporary_data_on_disk_size_for_query", "1"],
];

/**
 * Folders of the engine's directory. `plain` holds definitions of tables, and all of them where nothing
 * is encrypted. `books` is what the engine keeps about tables that are: tokens of inserts, and texts of
 * statements that change parts. It is not encrypted, because the encrypted disk holds back the end of
 * a file that is appended to: an engine that is killed would not know its last inserts again.
 */
export const plainFolder = "data";
export const booksFolder = "books";
export const encryptedFolder = "encrypted";

/**
 * Writes the settings of the disks and gives the file's path. Books come first, where the engine looks
 * for them, and take no part that has a row. The encrypted disk begins where the disk
 * below it does: given a folder of its own, this engine opens folders to sync by their path doubled.
 */
export function writeDiskSettings(engineDirectory: string, key: string): string {
  checkKey(engineDirectory, key);
  const path = join(engineDirectory, "disk.xml");
  const folder = (name: string): string => `${join(engineDirectory, name)}/`;
  writeFileSync(path, diskSettings(folder(encryptedFolder), folder(booksFolder)), { mode: 0o600 });
  return path;
}

/** Under another key the engine would take every part for a broken one, and put it aside. */
function checkKey(engineDirectory: string, key: string): void {
  const path = join(engineDirectory, "disk.check");
  const sum = createHmac("sha256", Buffer.from(key, "hex")).update("midwatch engine disk").digest("hex");
  if (!existsSync(path)) writeFileSync(path, sum, { mode: 0o600, flush: true });
  else if (readFileSync(path, "utf8") !== sum)
    throw new Error(
      `${engineDirectory} is encrypted under another key: encryption.json belongs to another directory`,
    );
}

function diskSettings(folder: string, books: string): string {
  return `<clickhouse>
  <storage_configuration>
    <disks>
      <books><type>local</type><path>${escapeXml(books)}</path></books>
      <below><type>local</type><path>${escapeXml(folder)}</path></below>
      <encrypted>
        <type>encrypted</type>
        <disk>below</disk>
        <path></path>
        <algorithm>AES_256_CTR</algorithm>
        <key_hex from_env="${diskKeyVariable}"/>
      </encrypted>
    </disks>
    <policies>
      <encrypted>
        <volumes>
          <books><disk>books</disk><max_data_part_size_bytes>1</max_data_part_size_bytes></books>
          <rows><disk>encrypted</disk></rows>
        </volumes>
      </encrypted>
    </policies>
  </storage_configuration>
  <merge_tree><storage_policy>encrypted</storage_policy></merge_tree>
</clickhouse>
`;
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escapeXml(text: string): string {
  return text.replace(/[&<>]/g, (one) => entities[one] ?? one);
}
