/**
 * What a command writes, cut into events at line ends: the beginning up to a limit, and the end. A
 * line is never cut in two while it is short, so that redaction sees it whole.
 */
import { StringDecoder } from "node:string_decoder";

export type OutputLimits = {
  /** Bytes that are recorded from the beginning. */
  readonly headBytesMax: number;
  /** And from the end, when there was more than that. */
  readonly tailBytesMax: number;
  /** Text of one event. A longer line is cut. */
  readonly textLengthMax: number;
};

export class Output {
  readonly #emit: (text: string, part: "head" | "tail") => void;
  readonly #limits: OutputLimits;
  readonly #decoder = new StringDecoder("utf8");
  #pending = "";
  #tail: string[] = [];
  #tailLength = 0;
  #headLength = 0;
  bytes = 0;
  /** Characters that stand in no event. */
  passedOver = 0;

  constructor(limits: OutputLimits, emit: (text: string, part: "head" | "tail") => void) {
    this.#limits = limits;
    this.#emit = emit;
  }

  take(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    this.#pending += this.#decoder.write(chunk);
    while (this.#pending.length > this.#limits.textLengthMax) this.#cut(this.#limits.textLengthMax);
  }

  /** Records the whole lines that have come since the last time. */
  flush(): void {
    const end = this.#pending.lastIndexOf("\n") + 1;
    if (end > 0) this.#put(this.#pending.slice(0, end));
    this.#pending = this.#pending.slice(end);
  }

  /** Records what is left. */
  end(): void {
    this.#pending += this.#decoder.end();
    if (this.#pending !== "") this.#put(this.#pending);
    this.#pending = "";
    for (const text of this.#tail) this.#emit(text, "tail");
    this.#tail = [];
  }

  /** Cuts at the last line end before the limit, else at the limit. */
  #cut(length: number): void {
    const end = this.#pending.lastIndexOf("\n", length - 1) + 1 || length;
    this.#put(this.#pending.slice(0, end));
    this.#pending = this.#pending.slice(end);
  }

  #put(text: string): void {
    if (this.#headLength + text.length <= this.#limits.headBytesMax && this.#tail.length === 0) {
      this.#headLength += text.length;
      this.#emit(text, "head");
      return;
    }
    this.#tail.push(text);
    this.#tailLength += text.length;
    while (this.#tailLength > this.#limits.tailBytesMax && this.#tail.length > 1) {
      const dropped = this.#tail.shift() as string;
      this.#tailLength -= dropped.length;
      this.passedOver += dropped.length;
    }
  }
}
