/** Any text: a line that is indented or empty goes on with the record before it. */
import { type LogFormat, plain, severityOfWord } from "./format.ts";

const word = /^\W*(?:\S+ ){0,4}\[?(trace|debug|info|notice|warn|warning|error|critical|fatal)\b/i;

export const plainFormat: LogFormat = {
  name: "plain",
  begins: (line) => !/^(\s|$)/.test(line),
  read: (record) => plain(record, severityOfWord(word.exec(record.slice(0, 200))?.[1])),
};
