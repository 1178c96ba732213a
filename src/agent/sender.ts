/**
 * One batch to the server, and what its answer means for the batch. Only an answer that accounts
 * for every line counts as an acknowledgement: a proxy's friendly page does not.
 */
import { readFile } from "node:fs/promises";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gzip, zstdCompress } from "node:zlib";
import type { Refusal } from "../model/batch.ts";
import type { DebugOrder } from "../model/debug.ts";
import type { IntakeAnswer, SourceChain, WitnessedCheckpoint } from "../model/intake.ts";
import { formatChain, nextLink } from "../seal/source-chain.ts";
import {
  type CertificateFiles,
  isToBeRenewed,
  readCertificate,
  replaceCertificate,
  type ShownCertificate,
} from "./certificate.ts";

type Acknowledgement = IntakeAnswer;

export type Verdict =
  | { readonly kind: "taken"; readonly answer: Acknowledgement; readonly link: SourceChain }
  /** Nothing is known of the batch, or the server cannot take it now: the same again, later. */
  | { readonly kind: "again"; readonly because: string; readonly afterMs?: number }
  /** The server will not take anything from us until a person has changed something. */
  | { readonly kind: "denied"; readonly because: string }
  | { readonly kind: "tooLarge"; readonly because: string };

export type SenderSetup = {
  readonly server: URL;
  readonly keyFile: string;
  readonly source: string;
  /** Shown in the TLS handshake. Absent: the key alone says who sends. */
  readonly certificate?: CertificateFiles | undefined;
};

export type SendAbout = {
  /** Entries of the ledger's checkpoint that is kept here, or 0. */
  readonly witnessedSize: number;
  /** The newest link that the server has acknowledged. */
  readonly chain: Pick<SourceChain, "count" | "head">;
};

type Denied = Extract<Verdict, { kind: "denied" }>;
type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/** Bytes of an answer that are read; an acknowledgement is far smaller. */
const answerBytesMax = 1024 * 1024;
const answerTimeoutMs = 60_000;
const silenceTimeoutMs = 30_000;
/** A smaller body is not worth compressing. */
const compressFromBytes = 512;
const retryAfterSecondsMax = 300;

export class Sender {
  readonly #setup: SenderSetup;
  readonly #url: URL;
  #connections: HttpAgent;
  /** That the connections of now were made with. */
  #shown: ShownCertificate | undefined;
  #encoding: "zstd" | "gzip" = "zstd";

  constructor(setup: SenderSetup) {
    this.#setup = setup;
    this.#url = new URL("v1/events", setup.server.href.endsWith("/") ? setup.server : `${setup.server}/`);
    this.#connections = this.#connect();
  }

  get server(): URL {
    return this.#setup.server;
  }

  async send(
    batchId: string,
    lines: number,
    body: Uint8Array,
    { witnessedSize, chain }: SendAbout,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const key = await this.#credentials();
    if (typeof key !== "string") return key;
    const encoding = body.length < compressFromBytes ? "identity" : this.#encoding;
    try {
      const packed = await compress(body, encoding);
      const link = nextLink(chain, packed);
      const answer = await this.#post(
        this.#url,
        packed,
        {
          authorization: `Bearer ${key}`,
          "content-type": "application/x-ndjson",
          ...(encoding !== "identity" && { "content-encoding": encoding }),
          "midwatch-batch": batchId,
          "midwatch-source": this.#setup.source,
          "midwatch-orders": "1",
          "midwatch-chain": formatChain(link),
          ...(witnessedSize > 0 && { "midwatch-witnessed-size": String(witnessedSize) }),
        },
        signal,
      );
      if (answer.status === 415 && encoding === "zstd") {
        this.#encoding = "gzip";
        return { kind: "again", because: "the server does not read zstd; using gzip", afterMs: 0 };
      }
      return judge(answer, lines, link);
    } catch (error) {
      return { kind: "again", because: `${this.#url.host}: ${messageOf(error)}` };
    }
  }

  /**
   * Gets the certificate for another span of time when the present one nears its end. Answers whether it
   * did; rejects where it could not, which may be tried again until the certificate has ended.
   */
  async renewCertificate(nowMs: number): Promise<boolean> {
    const { certificate: files, server } = this.#setup;
    if (files === undefined) return false;
    const { cert } = await readCertificate(files);
    if (!isToBeRenewed(cert, nowMs)) return false;
    const key = await this.#credentials();
    if (typeof key !== "string") throw new Error(key.because);
    const url = new URL("api/v1/enrolments/renew", server.href.endsWith("/") ? server : `${server}/`);
    const headers = { authorization: `Bearer ${key}`, "midwatch-request": "1" };
    const { status, text } = await this.#post(url, new Uint8Array(), headers);
    const renewed = (parse(text) as { certificate?: unknown } | undefined)?.certificate;
    if (status !== 200 || typeof renewed !== "string") throw new Error(`${status}: ${sentenceOf(text)}`);
    await replaceCertificate(files, cert, renewed);
    return true;
  }

  close(): void {
    this.#connections.destroy();
  }

  #connect(): HttpAgent {
    const options = { keepAlive: true, maxSockets: 1 };
    return this.#url.protocol === "https:"
      ? new HttpsAgent({ ...options, ...this.#shown })
      : new HttpAgent(options);
  }

  /** Key and certificate, read anew each time, so that they can be replaced without a restart. */
  async #credentials(): Promise<string | Denied> {
    let key: string;
    try {
      key = (await readFile(this.#setup.keyFile, "utf8")).trim();
    } catch (error) {
      return { kind: "denied", because: `the key file cannot be read: ${messageOf(error)}` };
    }
    if (!/^[\x21-\x7e]+$/.test(key)) {
      return { kind: "denied", because: `${this.#setup.keyFile} does not hold one key on one line` };
    }
    if (this.#setup.certificate === undefined) return key;
    try {
      const { cert, key: privateKey } = await readCertificate(this.#setup.certificate);
      if (cert !== this.#shown?.cert || privateKey !== this.#shown.key) {
        this.#connections.destroy();
        this.#shown = { cert, key: privateKey };
        this.#connections = this.#connect();
      }
      return key;
    } catch (error) {
      return { kind: "denied", because: `the certificate cannot be read: ${messageOf(error)}` };
    }
  }

  #post(url: URL, body: Uint8Array, headers: Record<string, string>, signal?: AbortSignal): Promise<Answer> {
    const deadline = AbortSignal.timeout(answerTimeoutMs);
    const request = url.protocol === "https:" ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sending = request(url, {
        method: "POST",
        agent: this.#connections,
        headers: { ...headers, "content-length": body.length },
        signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      });
      sending.setTimeout(silenceTimeoutMs, () => sending.destroy(new Error("no answer within 30 s")));
      sending.on("error", reject);
      sending.on("response", (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > answerBytesMax) response.destroy(new Error("the answer is too long"));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      });
      sending.end(body);
    });
  }
}

const gzipped = promisify(gzip);
const zstdCompressed = promisify(zstdCompress);

async function compress(body: Uint8Array, encoding: "identity" | "gzip" | "zstd"): Promise<Uint8Array> {
  if (encoding === "identity") return body;
  return encoding === "zstd" ? zstdCompressed(body) : gzipped(body);
}

function judge({ status, headers, text }: Answer, lines: number, link: SourceChain): Verdict {
  const said = sentenceOf(text);
  if (status === 200) {
    const answer = readAnswer(text);
    if (!answer) return { kind: "again", because: "the answer is not Midwatch's; is the address right?" };
    if (!answer.duplicate && answer.accepted + answer.refused !== lines) {
      const counted = answer.accepted + answer.refused;
      return { kind: "again", because: `the server counted ${counted} lines where ${lines} were sent` };
    }
    return { kind: "taken", answer, link };
  }
  if (status === 413) return { kind: "tooLarge", because: said };
  if (status === 401 || status === 403) {
    return { kind: "denied", because: `the server refuses the key (${status}: ${said})` };
  }
  const afterMs = retryAfterMs(headers["retry-after"]);
  return {
    kind: "again",
    because: `the server answered ${status}: ${said}`,
    ...(afterMs !== undefined && { afterMs }),
  };
}

function readAnswer(text: string): Acknowledgement | undefined {
  const value = parse(text) as Partial<IntakeAnswer> | undefined;
  if (typeof value?.accepted !== "number" || typeof value.refused !== "number") return undefined;
  const refusals = Array.isArray(value.refusals) ? (value.refusals as Refusal[]) : [];
  return {
    accepted: value.accepted,
    refused: value.refused,
    refusals: refusals.filter((one) => typeof one?.line === "number" && typeof one.reason === "string"),
    duplicate: value.duplicate === true,
    ...withCheckpoint(value.checkpoint),
    ...(Array.isArray(value.debug) && { debug: value.debug.filter(isOrder) }),
  };
}

function isOrder(value: unknown): value is DebugOrder {
  const { until, ...names } = (value ?? {}) as Partial<DebugOrder>;
  const texts = [names.service, names.job, names.logger];
  return typeof until === "string" && texts.every((text) => text === null || typeof text === "string");
}

function withCheckpoint(
  checkpoint: Partial<WitnessedCheckpoint> | undefined,
): Pick<IntakeAnswer, "checkpoint"> {
  if (typeof checkpoint?.note !== "string") return {};
  const { note, consistency } = checkpoint;
  const isProof = Array.isArray(consistency) && consistency.every((hash) => typeof hash === "string");
  return { checkpoint: { note, ...(isProof && { consistency }) } };
}

/** What the server said, cut to one short line so that it cannot forge our log. */
function sentenceOf(text: string): string {
  const message = (parse(text) as { message?: unknown } | undefined)?.message;
  // oxlint-disable-next-line no-control-regex -- control characters are what must go
  const line = (typeof message === "string" ? message : text).replaceAll(/[\u0000-\u001f\u007f]+/g, " ");
  return line.trim().slice(0, 300) || "no reason given";
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds only: Midwatch's server gives no dates. */
function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined;
  return Math.min(Number(header), retryAfterSecondsMax) * 1000;
}

export function messageOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (message === undefined || message === "") return code ?? String(error);
  return message;
}
