/**
 * Reads the body of a batch into memory of its own, so that it can be handed to another thread
 * without a copy, and holds all bodies together to one budget.
 */
import type { IncomingMessage } from "node:http";
import { Fault } from "../model/fault.ts";
import { limits } from "../model/limits.ts";

/** All bodies that are being received or taken in at once. More: 503, the sender tries again. */
const bytesInFlightMax = 256 * 1024 * 1024;

/** Read and thrown away after a refusal, so that the sender hears it. More: the connection ends. */
const drainBytesMax = 128 * 1024 * 1024;

export type BodyReader = {
  /**
   * Gives the body to `use`, and counts it against the budget until `use` has ended. Rejects with
   * `BATCH_TOO_LARGE`, `SERVER_BUSY`, or `BAD_REQUEST` where the sender went away.
   */
  readonly read: <T>(stream: IncomingMessage, use: (body: Uint8Array) => Promise<T>) => Promise<T>;
};

export function makeBodyReader(): BodyReader {
  let bytesInFlight = 0;

  /** Collects what comes; memory grows with what was sent, not with what was promised. */
  function collect(stream: IncomingMessage, hold: (bytes: number) => void): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = [];
      let length = 0;
      const settle = (finish: () => void): void => {
        stream.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
        // The connection may still fail while the rest is thrown away; nobody waits for it.
        stream.on("error", () => undefined);
        finish();
      };
      const onData = (chunk: Uint8Array): void => {
        length += chunk.length;
        try {
          if (length > limits.bodyBytesMax) throw bodyTooLarge();
          hold(chunk.length);
          chunks.push(chunk);
        } catch (error) {
          settle(() => reject(error));
        }
      };
      const onEnd = (): void => settle(() => resolve(join(chunks, length)));
      const onClose = (): void =>
        settle(() => reject(new Fault("BAD_REQUEST", "The connection ended before the body did.")));
      stream.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
    });
  }

  return {
    read: async (stream, use) => {
      if (Number(stream.headers["content-length"] ?? 0) > limits.bodyBytesMax) throw bodyTooLarge();
      let held = 0;
      const hold = (bytes: number): void => {
        if (bytesInFlight + bytes > bytesInFlightMax) {
          throw new Fault("SERVER_BUSY", "Too many batches are being received at once.", {
            retryAfterSeconds: 1,
          });
        }
        bytesInFlight += bytes;
        held += bytes;
      };
      try {
        return await use(await collect(stream, hold));
      } finally {
        bytesInFlight -= held;
      }
    },
  };
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function bodyTooLarge(): Fault {
  return new Fault(
    "BATCH_TOO_LARGE",
    `The body is larger than ${limits.bodyBytesMax} bytes; send smaller batches, or compress them.`,
  );
}

/** Reads on after a refusal, up to a limit: a sender that is still sending would not hear it. */
export function drain(stream: IncomingMessage): void {
  if (stream.readableEnded || stream.destroyed) return;
  let bytes = 0;
  stream.on("data", (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > drainBytesMax) stream.destroy();
  });
  stream.resume();
}
