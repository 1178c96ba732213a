/** `POST /v1/events`: a batch of events, from anyone who holds a key with the scope `send`. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { Type } from "typebox";
import { senderOf } from "../../access/sender.ts";
import { orderOf } from "../../model/debug.ts";
import { Fault } from "../../model/fault.ts";
import type { IntakeRequest } from "../../model/intake.ts";
import { limits } from "../../model/limits.ts";
import { parseChain } from "../../seal/source-chain.ts";
import type { ApiKey } from "../../store/store.ts";
import { makeBodyReader } from "../body.ts";
import type { AddRoutes } from "../parts.ts";
import { type IntakeReply, intakeSchema } from "../schemas.ts";
import { shownBy } from "../shown.ts";
import { refusals } from "./refusals.ts";

const encodings = ["identity", "gzip", "zstd"] as const;
type Encoding = (typeof encodings)[number];

const header = (description: string) => Type.Optional(Type.String({ description }));

export const addIntakeRoutes: AddRoutes = (server, { keyring, agents, intake, control, clock }) => {
  const bodies = makeBodyReader();
  const senders = new WeakMap<object, ApiKey>();
  // The body is read here, whatever its type is said to be.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, _stream, done) => done(null));

  server.route({
    method: "POST",
    url: "/v1/events",
    schema: {
      operationId: "sendEvents",
      tags: ["events"],
      summary: "Send a batch of events as NDJSON",
      description:
        "One event a line. Good lines are kept and synced to disk before the answer; refused ones are answered " +
        "with number and reason. The same source and batch again is answered as before and adds nothing.",
      security: [{ key: [] }],
      consumes: ["application/x-ndjson"],
      headers: Type.Object({
        "midwatch-batch": header(
          `names the batch, so that it may be repeated; at most ${limits.batchIdLengthMax} characters`,
        ),
        "midwatch-source": header("who sends; default: the name of the key"),
        "midwatch-witnessed-size": header(
          "entries of the largest checkpoint that the sender keeps; the answer proves that it is a part of the newest",
        ),
        "midwatch-chain": header(
          "number of the batch, the head before it and its own, with slashes between; see docs/guides/verify.md",
        ),
        "midwatch-orders": header("an agent asks for `debug` in the answer"),
        "content-encoding": header(encodings.join(", ")),
      }),
      response: { 200: intakeSchema, ...refusals(400, 401, 413, 421, 503) },
    },
    // Before the body is read: who holds no key does not cost us one.
    onRequest: async (request) => {
      const key = await senderOf(keyring, agents, shownBy(request));
      senders.set(request, key);
      // A sender's idea of the type may be missing or malformed; the lines speak for themselves.
      request.headers["content-type"] = "application/x-ndjson";
    },
    handler: async (request) => {
      const about = aboutBatch(request.headers, senders.get(request));
      const answer = await bodies.read(request.raw, (body) => intake({ ...about, body }));
      // The wishes travel with the answer: an agent listens to nobody, it only asks.
      const asksForOrders = request.headers["midwatch-orders"] !== undefined;
      const debug = asksForOrders ? (await control.debugs(clock())).map(orderOf) : undefined;
      return { ...(answer as IntakeReply), ...(debug && { debug }) };
    },
  });
};

function aboutBatch(headers: IncomingHttpHeaders, key: ApiKey | undefined): Omit<IntakeRequest, "body"> {
  const source = nameIn(headers, "midwatch-source") ?? key?.source ?? key?.name ?? "";
  if (key?.source !== undefined && !isOf(source, key.source)) {
    throw new Fault("RIGHT_MISSING", `The key ${key.name} sends as ${key.source} and as nobody else.`);
  }
  return {
    source,
    // Without a name a batch cannot be recognised when it comes again; that is the sender's choice.
    batchId: nameIn(headers, "midwatch-batch") ?? randomUUID(),
    encoding: encodingOf(headers["content-encoding"]),
    ...witnessedSizeIn(headers["midwatch-witnessed-size"]),
    ...chainIn(headers["midwatch-chain"]),
  };
}

/** A host's agent sends as `agent:HOST:STATE`; neither part has a colon in it. */
function isOf(source: string, bound: string): boolean {
  return source === bound || source.startsWith(`agent:${bound}:`);
}

function witnessedSizeIn(text: string | string[] | undefined): { readonly witnessedSize?: number } {
  if (text === undefined) return {};
  if (/^\d{1,15}$/.test(String(text))) return { witnessedSize: Number(text) };
  throw new Fault("BAD_REQUEST", "The header `midwatch-witnessed-size` must be a whole number.");
}

function chainIn(text: string | string[] | undefined): Pick<IntakeRequest, "chain"> {
  if (text === undefined) return {};
  const chain = parseChain(String(text));
  if (chain === undefined) throw new Fault("BAD_REQUEST", "The header `midwatch-chain` is malformed.");
  return { chain };
}

function nameIn(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  if (value === undefined) return undefined;
  const text = String(value);
  if (!/^[\x21-\x7e]+$/.test(text) || text.length > limits.batchIdLengthMax) {
    throw new Fault(
      "BAD_REQUEST",
      `The header \`${name}\` must be 1 to ${limits.batchIdLengthMax} printable ASCII characters without spaces.`,
    );
  }
  return text;
}

function encodingOf(text: string | undefined): Encoding {
  const wanted = (text ?? "identity").trim().toLowerCase();
  const known = encodings.find((encoding) => encoding === wanted);
  if (known) return known;
  throw new Fault("BAD_REQUEST", `\`Content-Encoding\` must be one of ${encodings.join(", ")}.`);
}
