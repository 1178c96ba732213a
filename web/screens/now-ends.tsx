/** What went well lately, at the end of Now. */
import type { JSX } from "preact";
import type { RunPage } from "../../src/api/schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { Loading, Problem } from "../parts/notice.tsx";
import { keyOfRun, NarrowRun, runColumns } from "../parts/runs.tsx";
import { Table } from "../parts/table.tsx";

const endsShown = 12;

/** Midwatch's own jobs end every few minutes; they are told here only while there are no others. */
export function LatestEnds({ own }: { readonly own: boolean }): JSX.Element {
  const { data, fault } = useAnswer<RunPage>(
    address("/runs", { state: ["succeeded"], from: "-24h", limit: 60 }),
    5000,
  );
  const rows = data?.rows.filter((run) => own || run.service !== "midwatch").slice(0, endsShown);
  return (
    <section aria-labelledby="ends">
      <h2 id="ends">
        Going well <span>latest ends</span>
      </h2>
      {fault && !data && <Problem fault={fault} />}
      {!data && !fault && <Loading what="the latest ends" rows={6} />}
      {rows?.length === 0 && <p class="nothing">No run of an application has ended well lately.</p>}
      {rows && rows.length > 0 && (
        <Table
          name="Latest ends"
          rows={rows}
          columns={runColumns}
          keyOf={keyOfRun}
          narrow={(run) => <NarrowRun run={run} />}
          rowHeight={31}
        />
      )}
    </section>
  );
}
