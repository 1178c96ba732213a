/** What a run printed: both ways out apart or together, in the terminal's colours, found by typing. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { StoredEvent } from "../../src/store/store.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Plain } from "../parts/plain.tsx";
import { Stamp } from "../parts/time.tsx";
import { change, go, query } from "../route.ts";
import { counted, number } from "../words.ts";

const ways = ["both", "stdout", "stderr"] as const;

function wayOf({ attributes }: StoredEvent): "stdout" | "stderr" {
  return attributes?.["stream"] === "stderr" ? "stderr" : "stdout";
}

export function Output({ events }: { readonly events: readonly StoredEvent[] }): JSX.Element {
  const [part, setPart] = useState("");
  if (events.length === 0) return <p class="nothing">The run wrote nothing that was recorded.</p>;
  const way = ways.find((one) => one === query.value.get("out")) ?? "both";
  const shown = events.filter(
    (event) =>
      (way === "both" || wayOf(event) === way) &&
      (part === "" || (event.message ?? "").toLowerCase().includes(part.toLowerCase())),
  );
  const counts = { both: events.length, stdout: 0, stderr: 0 };
  for (const event of events) counts[wayOf(event)] += 1;
  return (
    <>
      <div class="tools-row output-tools">
        <div class="states" role="group" aria-label="Which output">
          {ways.map((one) => (
            <a
              key={one}
              href={change({ out: one === "both" ? undefined : one })}
              aria-current={one === way ? "true" : undefined}
              onClick={(event) => {
                event.preventDefault();
                go(change({ out: one === "both" ? undefined : one }), { replace: true });
              }}
            >
              {one} <span class="mono faint">{number(counts[one])}</span>
            </a>
          ))}
        </div>
        <input
          class="field"
          type="search"
          aria-label="Find in the output"
          placeholder="Find in the output"
          value={part}
          onInput={(event) => setPart(event.currentTarget.value)}
        />
        <CopyButton
          text={shown.map(({ message = "" }) => message).join("\n")}
          name="the output that is shown"
        />
      </div>
      {shown.length === 0 && <p class="nothing">Nothing of it matches.</p>}
      <div class="output">
        {stretches(shown).map(({ key, way: of, time, text }) => (
          <div key={key} class={of === "stderr" ? "written stderr" : "written"}>
            <p class="faint mono">
              <Stamp time={time} /> {of}
            </p>
            <pre tabIndex={0} aria-label={of === "stderr" ? "Standard error" : "Standard output"}>
              <Plain text={text} colours />
            </pre>
          </div>
        ))}
      </div>
      {events.length >= 1000 && (
        <p class="end">The first {counted(events.length, "piece")}; the rest is in the logs.</p>
      )}
    </>
  );
}

type Stretch = {
  readonly key: string;
  readonly way: "stdout" | "stderr";
  readonly time: string;
  readonly text: string;
};

/** Neighbours that were written the same way in the same second are one block. */
function stretches(events: readonly StoredEvent[]): readonly Stretch[] {
  const found: Stretch[] = [];
  for (const event of events) {
    const last = found.at(-1);
    const way = wayOf(event);
    const isSame = last?.way === way && last.time.slice(0, 19) === event.time.slice(0, 19);
    if (last && isSame) {
      found[found.length - 1] = { ...last, text: `${last.text}\n${event.message ?? ""}` };
    } else {
      found.push({ key: event.id, way, time: event.time, text: event.message ?? "" });
    }
  }
  return found;
}
