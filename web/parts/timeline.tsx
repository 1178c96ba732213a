/** The waterfall of a run. Rows keep their place; a bar is never too thin to be seen. */
import type { JSX } from "preact";
import { to } from "../route.ts";
import type { Timeline, TimelineRow } from "../timeline.ts";
import { axisMarks, fullText, markText } from "../times.ts";
import { stateWords } from "../words.ts";
import { Plain } from "./plain.tsx";
import { StateShape } from "./state.tsx";

export function Waterfall({ timeline }: { readonly timeline: Timeline }): JSX.Element {
  const { rows, fromMs, untilMs } = timeline;
  const span = untilMs - fromMs;
  const place = (atMs: number): string => `${(((atMs - fromMs) / span) * 100).toFixed(3)}%`;
  const marks = axisMarks(fromMs, untilMs, 7);
  const stepMs = (marks[1] ?? untilMs) - (marks[0] ?? fromMs);
  return (
    <div class="waterfall" role="table" aria-label="What happened when">
      <div role="row" class="waterfall-row axis">
        <div role="columnheader">
          <span class="hidden">What</span>
        </div>
        <div role="columnheader" class="track">
          <span class="hidden">When</span>
          {marks.map((atMs) => (
            <span key={atMs} class="mark" style={{ left: place(atMs) }} aria-hidden="true">
              {/* A mark too near to the end has no room for its text. */}
              {(atMs - fromMs) / span < 0.92 && markText(atMs, stepMs)}
            </span>
          ))}
        </div>
        <div role="columnheader" class="right">
          Took
        </div>
      </div>
      {rows.map((row) => (
        <div role="row" class="waterfall-row" key={row.key}>
          <div role="cell" class="what">
            <RowName row={row} />
          </div>
          <div role="cell" class="track">
            <span class="hidden">from {fullText(row.fromMs)}</span>
            {marks.map((atMs) => (
              <i key={atMs} class="grid-line" style={{ left: place(atMs) }} />
            ))}
            <span
              class={`stretch is-${row.shape} ${row.state ?? "plain"}`}
              style={{
                // A run's last moments begin at the very end, and must be seen too.
                left: `min(${place(row.fromMs)}, calc(100% - 4px))`,
                width: `${(((row.untilMs - row.fromMs) / span) * 100).toFixed(3)}%`,
              }}
              title={`${fullText(row.fromMs)}\nto ${fullText(row.untilMs)}`}
            />
          </div>
          <div role="cell" class="right mono">
            {row.words}
          </div>
        </div>
      ))}
    </div>
  );
}

function RowName({ row }: { readonly row: TimelineRow }): JSX.Element {
  const name = <Plain text={row.label} lengthMax={120} />;
  return (
    <>
      {row.state !== undefined && (
        <>
          <StateShape state={row.state} />
          <span class="hidden">{stateWords[row.state]}: </span>
        </>
      )}
      {row.runId === undefined ? name : <a href={to(`/runs/${encodeURIComponent(row.runId)}`)}>{name}</a>}{" "}
      <span class="faint">
        <Plain text={row.about} lengthMax={100} />
      </span>
    </>
  );
}
