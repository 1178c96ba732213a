/** What the server is given to work with, and the type of the server that routes are added to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from "fastify";
import type { Watch } from "../alert/parts.ts";
import type { Severity } from "../model/event.ts";
import type { Intake } from "../model/intake.ts";
import type { Clock } from "../model/time.ts";
import type { ControlStore, EventStore, StoredEvent } from "../store/store.ts";
import type { Keyring } from "./keyring.ts";
import type { OverviewAnswer } from "./schemas.ts";

export type ServerParts = {
  readonly intake: Intake;
  readonly events: EventStore;
  readonly control: ControlStore;
  readonly keyring: Keyring;
  readonly watch: Watch;
  readonly status: () => Promise<OverviewAnswer["server"]>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What may be read of the ledger by anybody. */
  readonly ledger?: PublicLedger;
  /** The built page. */
  readonly pageDirectory: string;
  /** The recorded sample day, NDJSON in gzip. */
  readonly sampleFile: string;
  readonly version: string;
  /** For the people who run the server; never the text of a request. */
  readonly report: (severity: Severity, message: string) => void;
  readonly patience?: Patience;
};

export type PublicLedger = {
  /** The public key, as `midwatch verify` takes it. */
  readonly key: string;
  /** The checkpoint or a tile by its path; `undefined` for anything else. */
  readonly file: (path: string) => Uint8Array | undefined;
  /** A `.tlog-proof` of a stored event. */
  readonly prove: (event: StoredEvent) => Promise<string>;
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

/** Adds the routes of one subject. */
export type AddRoutes = (server: Api, parts: ServerParts) => void;
