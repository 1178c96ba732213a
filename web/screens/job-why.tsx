/** Why a job did or did not run at a time: what Midwatch knows, in sentences. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { WhyAnswer } from "../../src/api/watch-schemas.ts";
import { address, useAnswer } from "../ask.ts";
import { nowMs } from "../clock.ts";
import { Problem } from "../parts/notice.tsx";
import { Plain } from "../parts/plain.tsx";
import { zoneName } from "../preferences.ts";
import { change, go, query, to } from "../route.ts";
import { localMs, localText } from "../times.ts";
import type { JobNamed } from "./job.tsx";

/** The time that is asked about stands in the address as `at`. */
export function Why({ name }: { readonly name: JobNamed }): JSX.Element {
  const at = query.value.get("at");
  const { data, fault, again } = useAnswer<WhyAnswer>(at === null ? null : address("/why", { ...name, at }));
  const asked = at === null ? nowMs.peek() : Date.parse(at);
  const [text, setText] = useState(localText(Number.isFinite(asked) ? asked : nowMs.peek()).slice(0, 16));
  const submit = (event: Event): void => {
    event.preventDefault();
    const chosen = localMs(text);
    if (Number.isFinite(chosen)) go(change({ at: new Date(chosen).toISOString() }));
  };
  return (
    <section aria-labelledby="why">
      <h2 id="why">
        Why did it run, or not? <span>what is known of a time</span>
      </h2>
      <form class="inline" onSubmit={submit}>
        <input
          class="field"
          type="datetime-local"
          aria-label={`Time, in ${zoneName()}`}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" class="control">
          Explain
        </button>
      </form>
      {fault && <Problem fault={fault} again={again} />}
      {at !== null && data && (
        <div class="sheet padded" role="status">
          {data.sentences.map((sentence) => (
            <p key={sentence}>
              <Plain text={sentence} lengthMax={600} />
            </p>
          ))}
          {data.runIds.length > 0 && (
            <p class="event-links">
              {data.runIds.slice(0, 3).map((runId) => (
                <a key={runId} class="mono" href={to(`/runs/${encodeURIComponent(runId)}`)}>
                  <Plain text={runId} lengthMax={60} />
                </a>
              ))}
            </p>
          )}
        </div>
      )}
    </section>
  );
}
