/** The button that says which stretch of time is shown, and the panel that changes it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { zoneName } from "../preferences.ts";
import { presets, range, rangeMs, zoomed } from "../range.ts";
import { change, go } from "../route.ts";
import { dayText, localMs, localText, minuteText } from "../times.ts";
import { rangeWords } from "../words.ts";
import { Menu } from "./menu.tsx";

export function RangeMenu(): JSX.Element {
  const { from, until } = range();
  return (
    <Menu button={rangeLabel()} name="Time range" align="right" className="control">
      {(close) => (
        <>
          <div class="choices">
            {presets.map((preset) => (
              <a
                key={preset}
                href={change({ from: preset, until: undefined, cursor: undefined })}
                aria-current={preset === from && until === undefined ? "true" : undefined}
                onClick={close}
              >
                {rangeWords(preset, null)}
              </a>
            ))}
          </div>
          <Chosen close={close} />
        </>
      )}
    </Menu>
  );
}

function rangeLabel(): string {
  const { from, until } = range();
  const words = rangeWords(from, until ?? null);
  if (words !== "chosen time") return words;
  const { fromMs, untilMs } = rangeMs();
  const end = until === undefined || until === "now" ? "now" : endText(fromMs, untilMs);
  return `${dayText(fromMs)} ${minuteText(fromMs)} to ${end}`;
}

function endText(fromMs: number, untilMs: number): string {
  return dayText(fromMs) === dayText(untilMs)
    ? minuteText(untilMs)
    : `${dayText(untilMs)} ${minuteText(untilMs)}`;
}

/** Two fields; they are read in the zone that the page shows. */
function Chosen({ close }: { readonly close: () => void }): JSX.Element {
  const { fromMs, untilMs } = rangeMs();
  const [from, setFrom] = useState(localText(fromMs));
  const [until, setUntil] = useState(localText(untilMs));
  const fromChosen = localMs(from);
  const untilChosen = localMs(until);
  const wrong = !(fromChosen < untilChosen);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (wrong) return;
    go(change({ ...zoomed(fromChosen, untilChosen), cursor: undefined }));
    close();
  };
  return (
    <form class="chosen" onSubmit={submit}>
      <label>
        From
        <input
          type="datetime-local"
          step="1"
          value={from}
          onInput={(event) => setFrom(event.currentTarget.value)}
        />
      </label>
      <label>
        Until
        <input
          type="datetime-local"
          step="1"
          value={until}
          onInput={(event) => setUntil(event.currentTarget.value)}
        />
      </label>
      <p class="faint">{wrong ? "From must be before until." : `In ${zoneName()}.`}</p>
      <button type="submit" class="control" disabled={wrong}>
        Show
      </button>
    </form>
  );
}
