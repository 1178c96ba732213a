/** Who did and saw what, sensitive actions inside jobs, and the ledger that proves all of it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Histogram as HistogramAnswer, Values } from "../../src/api/schemas.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { address, isWrongQuestion, useAnswer } from "../ask.ts";
import { deedOf } from "../audit-words.ts";
import { total } from "../buckets.ts";
import { type Checkpoint, useCheckpoint } from "../ledger.ts";
import { type Pages, usePages } from "../pages.ts";
import { narrowed } from "../parts/complete.ts";
import { CopyBlock } from "../parts/copy.tsx";
import { EventDetail, keyOfEvent } from "../parts/event.tsx";
import { ValueFilter } from "../parts/filters.tsx";
import { Histogram } from "../parts/histogram.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Stamp } from "../parts/time.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { change, query, to } from "../route.ts";
import { counted, number } from "../words.ts";

/** Each is a search, and the same for all who ask. */
const views = [
  { name: undefined, words: "everything", q: "" },
  { name: "actions", words: "actions inside jobs", q: "kind:audit.action -service:midwatch" },
  { name: "looks", words: "looks at Midwatch", q: "-kind:audit.action" },
  { name: "decisions", words: "decisions and settings", q: "kind:audit.action service:midwatch" },
] as const;

function filterOf(): string {
  const view = views.find(({ name }) => name === (query.value.get("view") ?? undefined));
  let q: string = view?.q ?? "";
  for (const field of ["actor", "kind", "job"] as const) {
    const value = query.value.get(field);
    if (value !== null) q = narrowed(q, field, value);
  }
  return q;
}

export function AuditScreen(): JSX.Element {
  const { from, until } = range();
  const filter = { stream: "audit", q: filterOf(), from, until };
  const pages = usePages<StoredEvent>({
    path: "/events",
    values: filter,
    keyOf: keyOfEvent,
    everyMs: 10_000,
  });
  const counts = useAnswer<HistogramAnswer>(address("/histogram", { ...filter, buckets: 120 }), 20_000);
  const { checkpoint, key } = useCheckpoint();
  const sentence = counts.data ? auditSentence(counts.data, checkpoint) : "Audit";
  useTitle(sentence);
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">Nothing here can be changed or taken away unseen; looking at it is recorded too.</p>
      <Histogram answer={counts.data} words={counts.data ? "sealed actions, over time" : "Counting …"} />
      <Tools from={from} until={until} />
      <Actions pages={pages} />
      <LedgerPart checkpoint={checkpoint} publicKey={key} />
    </>
  );
}

function auditSentence(answer: HistogramAnswer, checkpoint: Checkpoint | null | undefined): string {
  const { all } = total(answer.buckets);
  const found = all === 0 ? "Nothing to audit in this time." : `${counted(all, "action")} on record.`;
  return checkpoint ? `${found} The ledger is signed up to entry ${number(checkpoint.size)}.` : found;
}

function useValues(field: string, from: string, until: string | undefined): readonly string[] {
  const { data } = useAnswer<Values>(
    address("/values", { field, stream: "audit", from, until, limit: 200 }),
    60_000,
  );
  return (data?.values ?? []).map(({ value }) => value).sort();
}

function Tools({ from, until }: { readonly from: string; readonly until: string | undefined }): JSX.Element {
  const view = query.value.get("view") ?? undefined;
  return (
    <div class="tools">
      <div class="tools-row">
        <div class="states" role="group" aria-label="What">
          {views.map(({ name, words }) => (
            <a key={words} href={change({ view: name })} aria-current={view === name ? "true" : undefined}>
              {words}
            </a>
          ))}
        </div>
        <ValueFilter name="actor" word="Who" values={useValues("actor", from, until)} />
        <ValueFilter name="kind" word="Kind" values={useValues("kind", from, until)} />
        <ValueFilter name="job" word="Job" values={useValues("job", from, until)} />
      </div>
    </div>
  );
}

function Actions({ pages }: { readonly pages: Pages<StoredEvent> }): JSX.Element {
  const [opened, setOpened] = useState<string | undefined>(undefined);
  const { rows, fault } = pages;
  if (fault && (!rows || isWrongQuestion(fault))) return <Problem fault={fault} again={pages.again} />;
  if (!rows) return <Loading what="actions" rows={12} />;
  if (rows.length === 0) {
    return (
      <Empty title="Nothing is on record for this.">
        <p>
          Jobs record what is sensitive with <span class="mono">Midwatch.audit</span>; Midwatch records who
          looked at it.{" "}
          <a href={change({ from: "-30d", until: undefined, view: undefined })}>Look at the last 30 days</a>.
        </p>
      </Empty>
    );
  }
  const line = (event: StoredEvent): JSX.Element => (
    <button
      type="button"
      data-row
      class="line"
      aria-expanded={opened === event.id}
      onClick={() => setOpened(opened === event.id ? undefined : event.id)}
    >
      <Deed event={event} />
    </button>
  );
  return (
    <>
      <Table
        name="Actions"
        rows={rows}
        columns={columnsWith(line)}
        keyOf={keyOfEvent}
        rowHeight={31}
        stale={pages.stale}
        onEnd={pages.next === null ? undefined : pages.more}
        narrow={(event) => (
          <div class="narrow-line">
            <span class="mono quiet">
              <Stamp time={event.time} />
            </span>
            <Who event={event} />
            <span class="mono quiet where">
              <Sealed event={event} />
            </span>
            {line(event)}
          </div>
        )}
        open={(event) => (opened === event.id ? <EventDetail event={event} /> : undefined)}
      />
      <p class="end">
        {pages.next === null ? `${counted(rows.length, "action")}; this is the oldest.` : "Reading more …"}
      </p>
    </>
  );
}

function Deed({ event }: { readonly event: StoredEvent }): JSX.Element {
  const { did, what } = deedOf(event);
  return (
    <>
      <b>
        <Plain text={did} lengthMax={80} />
      </b>{" "}
      <Plain text={what} lengthMax={300} />
    </>
  );
}

function Who({ event }: { readonly event: StoredEvent }): JSX.Element {
  return event.actor === undefined ? (
    <span class="faint">nobody named</span>
  ) : (
    <Plain text={event.actor} lengthMax={80} />
  );
}

function Sealed({ event }: { readonly event: StoredEvent }): JSX.Element {
  return (
    <a
      class="sealed"
      href={address(`/events/${event.id}/proof`)}
      download={`${event.id}.tlog-proof`}
      title="Download the proof"
    >
      #{number(event.segment)}.{event.segment_index}
    </a>
  );
}

function columnsWith(line: (event: StoredEvent) => JSX.Element): readonly Column<StoredEvent>[] {
  return [
    {
      name: "time",
      head: "Time",
      width: "150px",
      cell: (event) => (
        <span class="mono quiet">
          <Stamp time={event.time} />
        </span>
      ),
    },
    { name: "who", head: "Who", width: "minmax(90px, 130px)", cell: (event) => <Who event={event} /> },
    { name: "what", head: "Did what", width: "minmax(220px, 1fr)", cell: line },
    {
      name: "where",
      head: "In",
      width: "minmax(100px, 160px)",
      drop: 2,
      cell: (event) =>
        event.run_id === undefined ? (
          <span class="quiet">
            <Plain text={event.service ?? ""} lengthMax={60} />
          </span>
        ) : (
          <a class="row-link" href={to(`/runs/${encodeURIComponent(event.run_id)}`, { tab: "audit" })}>
            <Plain text={event.job ?? event.run_id} lengthMax={80} />
          </a>
        ),
    },
    {
      name: "sealed",
      head: "Sealed",
      width: "96px",
      right: true,
      drop: 1,
      cell: (event) => (
        <span class="mono">
          <Sealed event={event} />
        </span>
      ),
    },
  ];
}

type LedgerGiven = {
  readonly checkpoint: Checkpoint | null | undefined;
  readonly publicKey: string;
};

function LedgerPart({ checkpoint, publicKey }: LedgerGiven): JSX.Element {
  return (
    <section aria-labelledby="ledger">
      <h2 id="ledger">
        Ledger <span>an append-only log of everything that was stored</span>
      </h2>
      {checkpoint === null && (
        <p class="nothing">The ledger has no checkpoint yet; the first comes within a minute.</p>
      )}
      {checkpoint === undefined && <Loading what="the checkpoint" rows={2} />}
      {checkpoint && (
        <div class="two">
          <div class="facts">
            <dl>
              <div>
                <dt>Name</dt>
                <dd class="mono">
                  <Plain text={checkpoint.origin} lengthMax={120} />
                </dd>
              </div>
              <div>
                <dt>Entries</dt>
                <dd class="mono">{number(checkpoint.size)}</dd>
              </div>
              <div>
                <dt>Root</dt>
                <dd class="mono">
                  <Plain text={checkpoint.root} lengthMax={80} />
                </dd>
              </div>
              <div>
                <dt>Signed by</dt>
                <dd class="mono">
                  <Plain text={checkpoint.signers.join(", ")} lengthMax={300} />
                </dd>
              </div>
            </dl>
            <p class="event-links">
              <a href="/ledger/checkpoint" download="midwatch.checkpoint">
                Download the checkpoint
              </a>
              <a href="/ledger/key" download="ledger.key">
                Download the public key
              </a>
            </p>
          </div>
          <div>
            <p class="said">
              Keep both where nobody who controls this server can change them. Then anybody can prove, without
              this server, that nothing was changed:
            </p>
            <CopyBlock
              name="the command that verifies"
              text="midwatch verify --key ledger.key --checkpoint midwatch.checkpoint"
            />
            {publicKey !== "" && (
              <p class="faint mono">
                <Plain text={publicKey} lengthMax={200} />
              </p>
            )}
          </div>
        </div>
      )}
    </section>
  );
}
