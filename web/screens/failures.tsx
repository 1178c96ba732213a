/** Failures that are the same, told together: how often, since when, and how many heal. */
import type { JSX } from "preact";
import type { FailureRow, FailuresAnswer } from "../../src/api/failure-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { FailureGroup } from "../parts/failures.tsx";
import { ValueFilter } from "../parts/filters.tsx";
import { Empty, Loading, Problem } from "../parts/notice.tsx";
import { useTitle } from "../parts/title.ts";
import { range } from "../range.ts";
import { change, query } from "../route.ts";
import { capital, counted, rangeWords, spelled } from "../words.ts";

const shownMax = 100;

export function FailuresScreen(): JSX.Element {
  const { from, until } = range();
  const service = query.value.get("service") ?? undefined;
  const { data, fault, again } = useAnswer<FailuresAnswer>(
    address("/failures", { from, until, service }),
    15_000,
  );
  const groups = data?.rows ?? [];
  const open = groups.filter(({ states }) => (states.failed ?? 0) + (states.lost ?? 0) > 0).length;
  const sentence = data ? failuresSentence(groups.length, open) : "Failures";
  useTitle(sentence);
  const chosen = query.value.get("group");
  return (
    <>
      <h1>{sentence}</h1>
      <p class="sub">
        Attempts that ended in an error in {rangeWords(from, until ?? null).replace("last", "the last")}.
        Groups that still need somebody come first.
      </p>
      {(groups.length > 0 || service !== undefined) && (
        <div class="tools">
          <div class="tools-row">
            <ValueFilter name="service" word="Service" values={servicesOf(groups)} />
          </div>
        </div>
      )}
      {fault && !data && <Problem fault={fault} again={again} />}
      {!data && !fault && <Loading what="failures" />}
      {data && groups.length === 0 && (
        <Empty title="No attempt ended in an error in this time.">
          <p>
            <a href={change({ from: "-30d", until: undefined, service: undefined })}>
              Look at the last 30 days
            </a>
            .
          </p>
        </Empty>
      )}
      <div class="groups">
        {groups.slice(0, shownMax).map((group) => (
          <FailureGroup key={group.key} group={group} chosen={group.key === chosen} />
        ))}
      </div>
      {groups.length > shownMax && (
        <p class="end">and {counted(groups.length - shownMax, "more group")}; choose a shorter time.</p>
      )}
    </>
  );
}

function servicesOf(groups: readonly FailureRow[]): readonly string[] {
  return [...new Set(groups.flatMap(({ services }) => services))].sort();
}

function failuresSentence(groups: number, open: number): string {
  if (groups === 0) return "Nothing failed.";
  const kinds = `${capital(spelled(groups))} ${groups === 1 ? "kind" : "kinds"} of failure`;
  if (open === 0) return `${kinds}; no run was given up.`;
  return `${kinds}; ${open === groups ? (groups === 1 ? "it" : "each") : spelled(open)} ended at least one run for good.`;
}
