/**
 * The HTTP server: routes of one subject a file, and around them what holds for all: limits,
 * guards, errors, and the OpenAPI document that is made from the schemas of the routes.
 */
import type { Socket } from "node:net";
import swagger from "@fastify/swagger";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import fastify, { type FastifyInstance } from "fastify";
import { restrictedEvents } from "../access/restrict.ts";
import { restrictedWatch } from "../access/restrict-watch.ts";
import { admitByPolicy } from "./admission.ts";
import { drain } from "./body.ts";
import { guardRequest, ownHosts, setSecurityHeaders } from "./guard.ts";
import type { AddRoutes, Api, Patience, RouteParts, ServerParts } from "./parts.ts";
import { problemOf } from "./problem.ts";
import { recordAccess } from "./record-access.ts";
import { addAccountRoutes } from "./routes/account.ts";
import { addDebugRoutes } from "./routes/debug.ts";
import { addDoctorRoutes } from "./routes/doctor.ts";
import { addEnrolmentRoutes } from "./routes/enrolments.ts";
import { addErasureRoutes } from "./routes/erasures.ts";
import { addEventRoutes } from "./routes/events.ts";
import { addExportRoutes } from "./routes/export.ts";
import { addFailureRoutes } from "./routes/failures.ts";
import { addHealthRoutes } from "./routes/health.ts";
import { addIncidentRoutes } from "./routes/incidents.ts";
import { addIntakeRoutes } from "./routes/intake.ts";
import { addJobRoutes } from "./routes/jobs.ts";
import { addKeyRoutes } from "./routes/keys.ts";
import { addLedgerRoutes } from "./routes/ledger.ts";
import { addLinkRoutes } from "./routes/links.ts";
import { addMetricsRoutes } from "./routes/metrics.ts";
import { addMonitorRoutes } from "./routes/monitors.ts";
import { addOverviewRoutes } from "./routes/overview.ts";
import { addPageRoutes, sendPageOrNotFound } from "./routes/page.ts";
import { addPasskeyRoutes } from "./routes/passkeys.ts";
import { addPeopleRoutes } from "./routes/people.ts";
import { addProviderRoutes } from "./routes/provider.ts";
import { addQueueRoutes } from "./routes/queues.ts";
import { addRedactionRoutes } from "./routes/redaction.ts";
import { addRetentionRoutes } from "./routes/retention.ts";
import { addRunRoutes } from "./routes/runs.ts";
import { addSampleRoutes } from "./routes/sample.ts";
import { addScheduleRoutes } from "./routes/schedule.ts";
import { addSearchRoutes } from "./routes/searches.ts";
import { addSessionRoutes } from "./routes/session.ts";
import { addSilenceRoutes } from "./routes/silences.ts";
import { addTailRoutes } from "./routes/tail.ts";

/** Open connections. More: new ones are closed at once. */
const connectionsMax = 1024;
/** Body of any route but the intake's. */
const bodyBytesMax = 64 * 1024;
/** Address and headers of one request together. More: 431. */
const headerBytesMax = 16 * 1024;
/** A run's id may have 128 bytes, each three characters in an address. */
const pathPartLengthMax = 1024;

const usualPatience: Patience = { headersMs: 15_000, requestMs: 120_000, checkEveryMs: 5_000 };

const routes: readonly AddRoutes[] = [
  addIntakeRoutes,
  addDebugRoutes,
  addEventRoutes,
  addExportRoutes,
  addSearchRoutes,
  addTailRoutes,
  addRunRoutes,
  addJobRoutes,
  addIncidentRoutes,
  addSilenceRoutes,
  addLinkRoutes,
  addMonitorRoutes,
  addMetricsRoutes,
  addOverviewRoutes,
  addFailureRoutes,
  addQueueRoutes,
  addSampleRoutes,
  addScheduleRoutes,
  addKeyRoutes,
  addEnrolmentRoutes,
  addSessionRoutes,
  addProviderRoutes,
  addPasskeyRoutes,
  addAccountRoutes,
  addPeopleRoutes,
  addLedgerRoutes,
  addErasureRoutes,
  addRedactionRoutes,
  addHealthRoutes,
  addDoctorRoutes,
  addRetentionRoutes,
];

/** Not yet listening; `listen` and `close` are Fastify's. */
export async function makeServer(parts: ServerParts): Promise<FastifyInstance> {
  const patience = parts.patience ?? usualPatience;
  const isOurs = ownHosts(parts.hosts ?? [], parts.access?.mode ?? "open");
  const server = fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: pathPartLengthMax },
    // A parameter that is not known is a mistake to be told of, not to be dropped.
    ajv: { customOptions: { removeAdditional: false, verbose: true, allowUnionTypes: true } },
    ...(parts.tls && {
      https: {
        cert: parts.tls.certificate,
        key: parts.tls.key,
        minVersion: "TLSv1.2" as const,
        // Who shows no certificate is let in: people do not have any. Routes of senders look at it.
        ...(parts.agents && { requestCert: true, rejectUnauthorized: false, ca: parts.agents.authorityPem }),
        handshakeTimeout: patience.headersMs,
        headersTimeout: patience.headersMs,
        requestTimeout: patience.requestMs,
        connectionsCheckingInterval: patience.checkEveryMs,
        maxHeaderSize: headerBytesMax,
      },
    }),
    http: {
      headersTimeout: patience.headersMs,
      requestTimeout: patience.requestMs,
      connectionsCheckingInterval: patience.checkEveryMs,
      maxHeaderSize: headerBytesMax,
    },
    requestTimeout: patience.requestMs,
    keepAliveTimeout: 65_000,
    clientErrorHandler: answerClientError,
  }).withTypeProvider<TypeBoxTypeProvider>() as Api;
  server.server.maxConnections = connectionsMax;
  // Answers are what the routes typed them as; the schemas describe them and need not rebuild them.
  server.setSerializerCompiler(() => JSON.stringify);
  server.addHook("onRequest", async (request, reply) => {
    setSecurityHeaders(reply, parts.tls !== undefined);
    guardRequest(request, isOurs);
  });
  admitByPolicy(server, parts.access, parts.clock);
  recordAccess(server, parts.journal);
  answerErrors(server, parts);
  await server.register(swagger, { openapi: openapiHead(parts.version) });
  const restricted: RouteParts = {
    ...parts,
    events: restrictedEvents(parts.events),
    watch: restrictedWatch(parts.watch),
    everyEvent: parts.events,
  };
  for (const add of routes) server.register(async (scope) => add(scope as Api, restricted));
  // Not in a scope of its own: the answer to an unknown address sends the page too.
  addPageRoutes(server, parts);
  await server.ready();
  return server;
}

function openapiHead(version: string) {
  return {
    openapi: "3.1.0" as const,
    info: {
      title: "Midwatch",
      version,
      description:
        "What ran, what should have run, and what needs a person. Times are RFC 3339 in UTC with microseconds. " +
        "Fields inside events are in snake case, as on the wire; everything around them in camel case. " +
        "An error is always `{ code, message }`.",
    },
    components: {
      securitySchemes: {
        key: { type: "http" as const, scheme: "bearer", description: "a key with the scope `send`" },
      },
    },
  };
}

function answerErrors(server: Api, parts: ServerParts): void {
  server.setErrorHandler((error, request, reply) => {
    const reference = Buffer.from(parts.randomBytes(6)).toString("hex");
    const caught = error instanceof Error ? error : new Error(String(error));
    const problem = problemOf(caught, reference);
    if (problem.unexpected) {
      const route = `${request.method} ${request.routeOptions.url ?? "an unknown route"}`;
      parts.report("error", `${route} failed (reference ${reference}): ${caught.stack ?? caught.message}`);
    }
    drain(request.raw);
    return reply.code(problem.status).headers(problem.headers).send(problem.answer);
  });
  server.setNotFoundHandler((request, reply) => sendPageOrNotFound(request, reply, parts.pageDirectory));
}

/** What is no HTTP, or comes too slowly or too long, is answered before there is a request. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (socket.destroyed || !socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [
          "431 Request Header Fields Too Large",
          `Address and headers are longer than ${headerBytesMax} bytes.`,
        ]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? ["408 Request Timeout", "The request did not arrive in time."]
        : ["400 Bad Request", "This is not a well-formed HTTP request."];
  const body = JSON.stringify({ code: "BAD_REQUEST", message });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n` +
      `Cache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
