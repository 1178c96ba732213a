/** What arrived after a place in the ledger: the live tail's question. */
import { limits } from "../../model/limits.ts";
import type { EngineClient } from "../engine/client.ts";
import type { ArrivalQuery, Arrivals, LedgerPlace } from "../store.ts";
import { addEventFilter, type Conditions, conditions } from "./filter.ts";
import { checkLimit } from "./limit.ts";
import { question } from "./question.ts";
import { type EventRow, eventColumns, toEvent } from "./rows.ts";

const arrivals = question("arrivals");
const arrivalsCount = question("arrivalsCount");
const ledgerHead = question("ledgerHead");

export async function findArrivals(client: EngineClient, query: ArrivalQuery): Promise<Arrivals> {
  checkLimit(query.limit, limits.pageRowsMax);
  const { after } = query;
  const head = await readHead(client, after);
  if (!after || !head || !isAfter(head, after)) return { rows: [], skipped: 0, ...(head && { head }) };

  const list = conditions();
  addEventFilter(list, query);
  const segment = list.bind(after.segment, "UInt64");
  // The first half alone lets whole ranges be passed over.
  list.add(`segment >= ${segment} AND (segment, segment_index) > ${boundPlace(list, after)}`);
  // What arrives while we ask belongs to the next question.
  list.add(`(segment, segment_index) <= ${boundPlace(list, head)}`);
  const { sql: filter, parameters } = list.all();
  const direction = query.keep === "oldest" ? "ASC" : "DESC";
  const rows = await client.rows<EventRow>(arrivals({ columns: eventColumns, filter, direction }), {
    ...parameters,
    limit: query.limit,
  });
  if (query.keep === "oldest") {
    const events = rows.map(toEvent);
    const last = events.length === query.limit ? events.at(-1) : undefined;
    const reached = last ? { segment: last.segment, index: last.segment_index } : head;
    return { rows: events, skipped: 0, head: reached };
  }
  let skipped = 0;
  if (rows.length === query.limit) {
    const [counted] = await client.rows<{ count: string }>(arrivalsCount({ filter }), parameters);
    skipped = Number(counted?.count ?? rows.length) - rows.length;
  }
  return { rows: rows.map(toEvent).reverse(), skipped, head };
}

function boundPlace(list: Conditions, place: LedgerPlace): string {
  return `(${list.bind(place.segment, "UInt64")}, ${list.bind(place.index, "UInt32")})`;
}

function isAfter(a: LedgerPlace, b: LedgerPlace): boolean {
  return a.segment > b.segment || (a.segment === b.segment && a.index > b.index);
}

/** The last place of all, or `after` where nothing came since. */
async function readHead(client: EngineClient, after?: LedgerPlace): Promise<LedgerPlace | undefined> {
  const list = conditions();
  if (after) list.add(`segment >= ${list.bind(after.segment, "UInt64")}`);
  const { sql: filter, parameters } = list.all();
  const [row] = await client.rows<{ segment: string; segment_index: number }>(
    ledgerHead({ filter }),
    parameters,
  );
  const head = row && { segment: Number(row.segment), index: row.segment_index };
  return head && (!after || isAfter(head, after)) ? head : after;
}
