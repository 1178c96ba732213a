/** The tabs of a run. Which one is open stands in the address; a tab without content says so. */
import type { JSX } from "preact";
import type { RunDetail } from "../../src/api/schemas.ts";
import type { StoredEvent } from "../../src/store/store.ts";
import { EventTable } from "../parts/events.tsx";
import { Structure } from "../parts/json.tsx";
import { change, go, query } from "../route.ts";
import { counted, number } from "../words.ts";
import { Compare } from "./run-compare.tsx";
import { Errors } from "./run-errors.tsx";
import { Output } from "./run-output.tsx";

type Tab = {
  readonly name: string;
  readonly word: string;
  readonly count?: number;
  readonly content: () => JSX.Element;
};

function tabsOf(detail: RunDetail): readonly Tab[] {
  const { events, lines, attempts } = detail;
  const failed = attempts.filter(
    (attempt) => attempt.errorClass !== undefined || attempt.errorMessage !== undefined,
  );
  const output = events.filter((event) => event.kind === "job.output");
  const audit = events.filter((event) => event.stream === "audit");
  return [
    ...(failed.length > 0
      ? [
          {
            name: "error",
            word: "Error",
            content: () => <Errors attempts={failed} events={events} lines={lines} />,
          },
        ]
      : []),
    { name: "output", word: "Output", count: output.length, content: () => <Output events={output} /> },
    { name: "lines", word: "Lines", count: lines.length, content: () => <Lines rows={lines} /> },
    { name: "arguments", word: "Arguments", content: () => <Arguments events={events} /> },
    ...(audit.length > 0
      ? [
          {
            name: "audit",
            word: "Audit",
            count: audit.length,
            content: () => <EventTable name="Audit" rows={audit} />,
          },
        ]
      : []),
    { name: "compare", word: "Compare with the last good run", content: () => <Compare detail={detail} /> },
    {
      name: "events",
      word: "All events",
      count: events.length,
      content: () => <EventTable name="All events" rows={events} />,
    },
  ];
}

export function RunTabs({ detail }: { readonly detail: RunDetail }): JSX.Element {
  const tabs = tabsOf(detail);
  const wanted = query.value.get("tab");
  const first = tabs.find((tab) => tab.name === "error" || (tab.count ?? 0) > 0) ?? tabs.at(-1);
  const open = tabs.find((tab) => tab.name === wanted) ?? first;
  const choose = (tab: Tab | undefined): void => {
    if (tab) go(change({ tab: tab.name }), { replace: true });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const at = tabs.findIndex((tab) => tab.name === open?.name) + (event.key === "ArrowRight" ? 1 : -1);
    const next = tabs[(at + tabs.length) % tabs.length];
    choose(next);
    document.querySelector<HTMLElement>(`#tab-${next?.name}`)?.focus();
    event.preventDefault();
  };
  return (
    <section class="tabbed" aria-label="Details">
      <div class="tabs" role="tablist" aria-label="Details of the run" onKeyDown={onKeyDown}>
        {tabs.map((tab) => (
          <button
            key={tab.name}
            id={`tab-${tab.name}`}
            type="button"
            role="tab"
            aria-selected={tab.name === open?.name}
            aria-controls="tab-panel"
            tabIndex={tab.name === open?.name ? 0 : -1}
            onClick={() => choose(tab)}
          >
            {tab.word}
            {tab.count !== undefined && <span class="mono faint">{number(tab.count)}</span>}
          </button>
        ))}
      </div>
      <div id="tab-panel" role="tabpanel" aria-labelledby={`tab-${open?.name}`}>
        {open?.content()}
      </div>
    </section>
  );
}

function Lines({ rows }: { readonly rows: readonly StoredEvent[] }): JSX.Element {
  if (rows.length === 0) return <p class="nothing">No line was logged with this run's id.</p>;
  return (
    <>
      <EventTable name="Lines" rows={rows} />
      {rows.length >= 1000 && (
        <p class="end">The first {counted(rows.length, "line")}; the rest is in the logs.</p>
      )}
    </>
  );
}

/** What the run was asked to do: recorded at enqueue, or at start where there was none. */
function Arguments({ events }: { readonly events: readonly StoredEvent[] }): JSX.Element {
  const asked =
    events.find((event) => event.attributes?.["arguments"] !== undefined) ??
    events.find((event) => event.attributes !== undefined);
  const value = asked?.attributes?.["arguments"] ?? asked?.attributes;
  if (!asked || value === undefined) return <p class="nothing">No arguments were recorded.</p>;
  const options = asked.attributes?.["keywords"] ?? asked.attributes?.["kwargs"];
  return (
    <div class="sheet padded">
      <Structure value={value} />
      {options !== undefined && <Structure value={options} />}
      <p class="faint">
        As recorded with <span class="mono">{asked.kind}</span>. Values that look secret were removed before
        they left the application.
      </p>
    </div>
  );
}
