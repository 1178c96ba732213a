/**
 * The page: one document and its assets. Assets carry a hash in their name and may be kept for
 * ever; the document never is. Any address that a browser opens is the page's to understand.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Fault } from "../../model/fault.ts";
import { drain } from "../body.ts";
import type { Api, ServerParts } from "../parts.ts";

const secondsInYear = 31_536_000;

export function addPageRoutes(server: Api, { pageDirectory }: Pick<ServerParts, "pageDirectory">): void {
  server.register(fastifyStatic, {
    root: join(pageDirectory, "assets"),
    prefix: "/assets/",
    decorateReply: true,
    index: false,
    dotfiles: "ignore",
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const kept = path.endsWith("index.html") ? "no-cache" : `public, max-age=${secondsInYear}, immutable`;
      void reply.header("cache-control", kept);
    },
  });
  server.get(
    "/",
    { schema: { hide: true } },
    async (_request, reply) => await sendDocument(reply, pageDirectory),
  );
}

/** For the server's not-found handler: the page where a browser asks, an error where a program does. */
export async function sendPageOrNotFound(
  request: FastifyRequest,
  reply: FastifyReply,
  pageDirectory: string,
): Promise<FastifyReply> {
  const path = request.url.split("?", 1)[0] ?? "";
  const forPrograms = /^\/(api|v1|assets|healthz)(\/|$)/.test(path);
  const wantsPage = request.method === "GET" && (request.headers.accept ?? "").includes("text/html");
  if (wantsPage && !forPrograms) return await sendDocument(reply, pageDirectory);
  drain(request.raw);
  throw new Fault("NOT_FOUND", "There is nothing at this address, or not for this method.");
}

async function sendDocument(reply: FastifyReply, pageDirectory: string): Promise<FastifyReply> {
  if (!existsSync(join(pageDirectory, "index.html"))) {
    return await reply
      .code(503)
      .type("text/plain")
      .send("The page is not built yet: run `npm start`, which builds it.\n");
  }
  return await reply.sendFile("index.html", pageDirectory, { cacheControl: false });
}
