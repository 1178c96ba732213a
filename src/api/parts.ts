/** What the server is given to work with, and the type of the server that routes are added to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { Access } from "../access/access.ts";
import type { AgentCertificates } from "../access/agent-certificates.ts";
import type { Journal } from "../access/journal.ts";
import type { Keyring } from "../access/keyring.ts";
import type { Check } from "../access/posture.ts";
import type { Retention } from "../access/retention.ts";
import type { Watch } from "../alert/parts.ts";
import type { Severity } from "../model/event.ts";
import type { HistogramFigures } from "../model/histogram.ts";
import type { Intake } from "../model/intake.ts";
import type { Clock } from "../model/time.ts";
import type { CompiledRules } from "../redact/rules.ts";
import type { Erasure, Hand } from "../store/erasures.ts";
import type { ControlStore, EventStore, StoredEvent } from "../store/store.ts";
import type { OverviewAnswer } from "./schemas.ts";

export type ServerParts = {
  readonly intake: Intake;
  readonly events: EventStore;
  readonly control: ControlStore;
  readonly access: Access;
  readonly keyring: Keyring;
  readonly journal: Journal;
  readonly watch: Watch;
  readonly retention: Retention;
  /** What the doctor finds. */
  readonly examine: () => Promise<readonly Check[]>;
  readonly status: () => Promise<OverviewAnswer["server"]>;
  /** How taking in went since the start; absent: nobody counts. */
  readonly ingest?: () => IngestFigures;
  /** The rules of redaction that are in force, without their keys. */
  readonly redaction?: () => CompiledRules;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What may be read of the ledger by anybody. */
  readonly ledger?: PublicLedger;
  readonly erasures: ErasureDesk;
  /** The built page. */
  readonly pageDirectory: string;
  /** The recorded sample day, NDJSON in gzip. */
  readonly sampleFile: string;
  readonly version: string;
  /** For the people who run the server; never the text of a request. */
  readonly report: (severity: Severity, message: string) => void;
  readonly patience?: Patience;
  /** How often a listener of the tail is looked at again; absent: every 15 seconds. */
  readonly tailBeatMs?: number;
  /** Absent: plain text. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Absent: certificates of agents are not asked for. */
  readonly agents?: AgentCertificates;
  /** Names by which the server may be asked, beside loopback ones and addresses. */
  readonly hosts?: readonly string[];
  /** Where people open the page, without a slash at its end; absent: as they asked. */
  readonly pageAddress?: string;
};

export type IngestFigures = {
  /** How long senders waited for their answer. */
  readonly answer: HistogramFigures;
  /** Events. */
  readonly accepted: number;
  readonly refused: number;
  /** Batches of which nothing was kept. */
  readonly failed: number;
  readonly lagMs: number;
};

export type PublicLedger = {
  /** The public key, as `midwatch verify` takes it. */
  readonly key: string;
  /** The checkpoint or a tile by its path; `undefined` for anything else. */
  readonly file: (path: string) => Uint8Array | undefined;
  /** A `.tlog-proof` of a stored event. */
  readonly prove: (event: StoredEvent) => Promise<string>;
  readonly status: () => LedgerStatus;
  /** Cosigns the checkpoint of another ledger (c2sp.org/tlog-witness); absent: none is witnessed. */
  readonly addCheckpoint?: (body: string) => Promise<{
    readonly status: number;
    readonly type: string;
    readonly body: string;
  }>;
};

/** Where erasures are asked for and decided; who may is said by the policy. */
export type ErasureDesk = {
  readonly list: () => Promise<readonly Erasure[]>;
  readonly ask: (eventId: string, reason: string, askedBy: Hand) => Promise<Erasure>;
  /** Resolves when the content is gone. Throws `RIGHT_MISSING` for whoever asked for it. */
  readonly approve: (id: string, decidedBy: Hand) => Promise<Erasure>;
  readonly refuse: (id: string, decidedBy: Hand) => Promise<Erasure>;
};

export type LedgerStatus = {
  readonly origin: string;
  /** Entries under the newest checkpoint, and those that wait for the next one. */
  readonly entries: number;
  readonly unsigned: number;
  readonly checkpoint: string;
  /** A sentence for each place outside of this server where checkpoints are kept. */
  readonly anchors: readonly string[];
};

/** How long a client may take. Longer: 408, or the connection is closed. */
export type Patience = {
  readonly headersMs: number;
  readonly requestMs: number;
  /** How often the two above are looked at. */
  readonly checkEveryMs: number;
};

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** `events` and `watch` are as the one who asks may see them, and only in the course of a request. */
export type RouteParts = ServerParts & {
  /** Without the eyes of anybody, for what goes on after the request: narrow each question yourself. */
  readonly everyEvent: Pick<EventStore, "arrivals" | "successes">;
};

/** Adds the routes of one subject. */
export type AddRoutes = (server: Api, parts: RouteParts) => void;
