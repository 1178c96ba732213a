/**
 * The ledger as anybody may read it: a C2SP tlog-tiles log below `/ledger/`, its public key, and the
 * proof of a single event.
 */
import { Type } from "typebox";
import { Fault } from "../../model/fault.ts";
import type { AddRoutes } from "../parts.ts";
import { refusals } from "./refusals.ts";

const text = (description: string) => Type.String({ description });
const ledgerStatus = Type.Object({
  origin: text("name of the ledger"),
  entries: Type.Integer({ description: "entries under the newest checkpoint" }),
  unsigned: Type.Integer({ description: "entries that wait for the next checkpoint" }),
  checkpoint: text("the newest signed checkpoint"),
  anchors: Type.Array(text("what one anchor holds, in a sentence")),
});
/** A tile never changes; the checkpoint does. */
const forEver = "public, max-age=31536000, immutable";

export const addLedgerRoutes: AddRoutes = (server, { ledger, events }) => {
  const missing = (): Fault => new Fault("NOT_FOUND", "The ledger has no such file");

  server.get(
    "/ledger/key",
    {
      schema: {
        operationId: "readLedgerKey",
        tags: ["ledger"],
        summary: "The public key of the ledger",
        description:
          "To be compared with one that was kept elsewhere: whoever can lie about the ledger can lie here too.",
        response: { 200: text("a verifier key (c2sp.org/signed-note)"), ...refusals(404, 421) },
      },
    },
    async (_request, reply) => {
      if (ledger === undefined) throw missing();
      return reply.type("text/plain; charset=utf-8").send(`${ledger.key}\n`);
    },
  );

  server.get(
    "/ledger/*",
    {
      schema: {
        operationId: "readLedgerFile",
        tags: ["ledger"],
        summary: "The checkpoint, or a tile of the ledger",
        description: "A C2SP tlog-tiles log: `checkpoint`, `tile/<level>/<number>`, `tile/entries/<number>`.",
        params: Type.Object({ "*": text("path of the file") }),
        response: {
          200: Type.Unsafe<Uint8Array>({ type: "string", format: "binary" }),
          ...refusals(404, 421),
        },
      },
    },
    async (request, reply) => {
      const path = request.params["*"];
      const file = ledger?.file(path);
      if (file === undefined) throw missing();
      const isTile = path.startsWith("tile/");
      reply.header("cache-control", isTile ? forEver : "no-cache");
      return reply
        .type(isTile ? "application/octet-stream" : "text/plain; charset=utf-8")
        .send(Buffer.from(file));
    },
  );

  server.get(
    "/api/v1/ledger",
    {
      schema: {
        operationId: "readLedgerStatus",
        tags: ["ledger"],
        summary: "How the ledger is: its newest checkpoint, and which anchors hold which",
        response: { 200: ledgerStatus, ...refusals(404, 421) },
      },
    },
    async () => {
      if (ledger === undefined) throw missing();
      const { anchors, ...status } = ledger.status();
      return { ...status, anchors: [...anchors] };
    },
  );

  // What an unknown client calls its body is no matter: it is the text of the protocol or nothing.
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  server.post(
    "/witness/add-checkpoint",
    {
      schema: {
        operationId: "addCheckpoint",
        tags: ["ledger"],
        summary: "Cosign the checkpoint of another ledger",
        description:
          "The protocol of C2SP tlog-witness. Only ledgers whose keys are in the file of anchors are witnessed; whoever asks proves itself by the checkpoint's signature.",
        response: {
          200: text("the cosignature, as a line of a signed note"),
          409: text("the size of the checkpoint that was cosigned last"),
          ...refusals(404, 421),
        },
      },
    },
    async (request, reply) => {
      const answer = await ledger?.addCheckpoint?.(typeof request.body === "string" ? request.body : "");
      if (answer === undefined) throw missing();
      return reply
        .code(answer.status as 200)
        .type(answer.type)
        .send(answer.body);
    },
  );

  server.get(
    "/api/v1/events/:id/proof",
    {
      schema: {
        operationId: "proveEvent",
        tags: ["ledger"],
        summary: "Proof that an event is in the ledger",
        description:
          "A file that stands alone (c2sp.org/tlog-proof); `midwatch ledger check-proof` judges it with the public key.",
        params: Type.Object({ id: text("id of the event") }),
        response: { 200: text("the proof"), ...refusals(404, 421, 503) },
      },
    },
    async (request, reply) => {
      const event = await events.event(request.params.id);
      if (event === undefined || ledger === undefined)
        throw new Fault("NOT_FOUND", "There is no event with this id");
      const proof = await ledger.prove(event);
      reply.header("content-disposition", `attachment; filename="${event.id}.tlog-proof"`);
      return reply.type("text/plain; charset=utf-8").send(proof);
    },
  );
};
