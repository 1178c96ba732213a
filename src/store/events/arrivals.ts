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
  const list = conditions();
  const place = after && afterPlace(list, after);
  const head = await readHead(client, place ?? "1", list.all().parameters);
  if (!after || !head || !place)
    return { rows: [], skipped: 0, ...((head ?? after) && { head: head ?? after }) };

  addEventFilter(list, query);
  list.add(place);
  // What arrives while we ask belongs to the next question.
  list.add(`(segment, segment_index) <= ${boundPlace(list, head)}`);
  const { sql: filter, parameters } = list.all();
  const rows = await client.rows<EventRow>(arrivals({ columns: eventColumns, filter }), {
    ...parameters,
    limit: query.limit,
  });
  let skipped = 0;
  if (rows.length === query.limit) {
    const [counted] = await client.rows<{ count: string }>(arrivalsCount({ filter }), parameters);
    skipped = Number(counted?.count ?? rows.length) - rows.length;
  }
  return { rows: rows.map(toEvent).reverse(), skipped, head };
}

/** The first half alone lets whole ranges be passed over. */
function afterPlace(list: Conditions, place: LedgerPlace): string {
  const segment = list.bind(place.segment, "UInt64");
  return `segment >= ${segment} AND (segment, segment_index) > (${segment}, ${list.bind(place.index, "UInt32")})`;
}

function boundPlace(list: Conditions, place: LedgerPlace): string {
  return `(${list.bind(place.segment, "UInt64")}, ${list.bind(place.index, "UInt32")})`;
}

async function readHead(
  client: EngineClient,
  filter: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<LedgerPlace | undefined> {
  const [row] = await client.rows<{ head: readonly [string, number]; count: string }>(
    ledgerHead({ filter }),
    parameters,
  );
  if (!row || row.count === "0") return undefined;
  return { segment: Number(row.head[0]), index: row.head[1] };
}
