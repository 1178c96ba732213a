/**
 * Who notices that Midwatch itself has died: peers are told again and again that it watches, and
 * their alarm is its silence. A peer is a service that waits for pings (Healthchecks and its like),
 * or another Midwatch, which takes up by itself that it is to hear of us so often.
 *
 *     watched_by:
 *       outside: { ping_file: /etc/midwatch/ping.url, every: 60 }
 *       neighbour: { midwatch: https://watch.example.org, key_file: /etc/midwatch/neighbour.key }
 */
import { formatTime } from "../model/time.ts";
import { uuidv7 } from "../model/uuid.ts";
import type { ChannelTools, Delivery } from "./channel.ts";
import { type Given, readFields, type SecretTools, wrong } from "./fields.ts";

export type Beacon = {
  readonly name: string;
  readonly everyMs: number;
  /** `trouble`: the watch runs and cannot look, and why. */
  readonly tell: (trouble: string | undefined) => Promise<Delivery>;
};

type BeaconTools = ChannelTools & SecretTools & { readonly randomBytes: (count: number) => Uint8Array };

const everySecondsDefault = 60;
const fields = {
  ping: { form: "secret", about: "the address that is to be pinged" },
  midwatch: { form: "text", about: "the address of another Midwatch" },
  key: { form: "secret", about: "its key for us, with the scope `send`" },
  every: { form: "text", about: "seconds between two signs; default: 60" },
  as: { form: "text", about: "the name under which the other Midwatch knows us; default: midwatch" },
} as const;

/** Throws `Fault` `CONFIG_INVALID` where settings do not fit. */
export function readBeacon(name: string, given: Given, tools: BeaconTools): Beacon {
  const values = readFields(given, fields, [], tools);
  const text = (field: keyof typeof fields): string | undefined => values.get(field)?.[0];
  const seconds = Number((text("every") ?? String(everySecondsDefault)).replace(/s$/, ""));
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 86_400) {
    throw wrong("`every` must be seconds, from 1 to 86400");
  }
  const everyMs = seconds * 1000;
  const [ping, address, key] = [text("ping"), text("midwatch"), text("key")];
  if ((ping === undefined) === (address === undefined))
    throw wrong("it needs either `ping_file` (or `ping_env`) or `midwatch`");
  if (ping !== undefined) return { name, everyMs, tell: pinger(ping, tools) };
  if (key === undefined) throw wrong("it needs `key_file` or `key_env`: the other Midwatch's key for us");
  const as = text("as") ?? "midwatch";
  return { name, everyMs, tell: neighbour({ address: address ?? "", key, as, seconds }, tools) };
}

/** As Healthchecks and others take it: the address for well, and `/fail` behind it for not. */
function pinger(url: string, { post }: ChannelTools): Beacon["tell"] {
  const plain = url.replace(/\/+$/, "");
  return (trouble) =>
    post(trouble === undefined ? plain : `${plain}/fail`, { body: trouble ?? "Midwatch watches." });
}

type Neighbour = {
  readonly address: string;
  readonly key: string;
  readonly as: string;
  readonly seconds: number;
};

/** A run of a job that says how often it is due: its absence is a missed slot over there. */
function neighbour(
  { address, key, as, seconds }: Neighbour,
  { post, clock, randomBytes }: BeaconTools,
): Beacon["tell"] {
  const job = "midwatch.watch";
  return (trouble) => {
    const nowMs = clock();
    const newId = (): string => uuidv7(nowMs, randomBytes(10));
    const run = newId();
    const base = { stream: "jobs", runtime: "midwatch", service: as, job } as const;
    const about = { ...base, run_id: run, attempt: 1 };
    const attributes = {
      entry: job,
      schedule: { type: "interval", every_seconds: seconds },
      time_zone: "UTC",
    };
    const records = [
      { ...base, kind: "schedule.declared", worker: as, attributes },
      { ...about, kind: "job.enqueued", actor: `beat: ${job}` },
      { ...about, kind: "job.started" },
      trouble === undefined
        ? { ...about, kind: "job.succeeded", outcome: "succeeded" }
        : {
            ...about,
            kind: "job.failed",
            outcome: "failed",
            severity: "error",
            error_class: "WatchTrouble",
            error_message: trouble,
          },
    ];
    const body = records
      .map((record, index) => ({
        id: newId(),
        time: formatTime(Math.floor(nowMs * 1000) + index),
        ...record,
      }))
      .map((record) => `${JSON.stringify(record)}\n`)
      .join("");
    return post(`${address.replace(/\/+$/, "")}/v1/events`, {
      body,
      headers: {
        "content-type": "application/x-ndjson",
        authorization: `Bearer ${key.trim()}`,
        "midwatch-source": `beacon-${as}`,
        "midwatch-batch": run,
      },
    });
  };
}
