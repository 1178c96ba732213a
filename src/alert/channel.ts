/** What a channel is: settings it takes, and functions that tell a receiver of an incident. */
import type { Message } from "../model/incident.ts";
import type { AddressGuard } from "./address-guard.ts";
import type { Post } from "./http.ts";
import type { Letter } from "./text.ts";

export type Delivery =
  | { readonly outcome: "delivered"; readonly receipt: string }
  | {
      readonly outcome: "failed";
      /** A repetition would fare the same. */
      readonly permanent: boolean;
      readonly receipt: string;
      readonly retryAfterMs?: number;
    };

export type Send = (message: Message, letter: Letter) => Promise<Delivery>;

export type Receiver = {
  readonly send: Send;
  /** Says again what is open, for a receiver that forgets what it does not hear; at most once a minute. */
  readonly refresh?: (
    open: readonly { readonly message: Message; readonly letter: Letter }[],
  ) => Promise<Delivery>;
};

/** How a setting of a channel is written: a secret only by the name of a file or a variable. */
export type ChannelField = {
  readonly form: "text" | "texts" | "secret";
  readonly required?: true;
  readonly about: string;
};

export type ChannelSettings = {
  readonly text: (name: string) => string | undefined;
  readonly texts: (name: string) => readonly string[];
};

export type ChannelTools = {
  readonly clock: () => number;
  readonly post: Post;
  /** For what does not speak HTTP. */
  readonly guard: AddressGuard;
};

export type ChannelKind = {
  readonly fields: Readonly<Record<string, ChannelField>>;
  readonly hearsAcknowledgements: boolean;
  /** How the receiver knows a message that comes again after an answer was lost; absent: it cannot. */
  readonly knownBy?: string;
  /** A test opens something there, which is closed again at once. */
  readonly closesTests?: true;
  /** Throws `Fault` `CONFIG_INVALID` where settings do not fit. */
  readonly make: (settings: ChannelSettings, tools: ChannelTools) => Receiver;
};
