/** Filters of lists. Each choice is a link, so that it can be opened elsewhere and sent on. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RunState } from "../../src/model/run.ts";
import { change, query } from "../route.ts";
import { number, stateWords } from "../words.ts";
import { Menu } from "./menu.tsx";
import { isState, StateShape, stateOrder } from "./state.tsx";

export function chosenStates(): readonly RunState[] {
  return (query.value.get("state") ?? "").split(",").filter(isState);
}

type Counts = { readonly [S in RunState]?: number };

/** Counts are shown where they are known for exactly what is filtered. */
export function StateFilter({ counts }: { readonly counts: Counts | undefined }): JSX.Element {
  const chosen = chosenStates();
  const toggled = (state: RunState): string => {
    const rest = chosen.includes(state) ? chosen.filter((one) => one !== state) : [...chosen, state];
    return change({ state: rest.join(",") });
  };
  return (
    <div class="states" role="group" aria-label="States">
      <a href={change({ state: undefined })} aria-current={chosen.length === 0 ? "true" : undefined}>
        All
      </a>
      {stateOrder.map((state) => {
        const count = counts?.[state];
        return (
          <a
            key={state}
            href={toggled(state)}
            aria-current={chosen.includes(state) ? "true" : undefined}
            class={counts && !count ? "none" : undefined}
          >
            <StateShape state={state} />
            {stateWords[state]}
            {count !== undefined && <span class="mono faint">{number(count)}</span>}
          </a>
        );
      })}
    </div>
  );
}

type ValueGiven = {
  /** The parameter of the address. */
  readonly name: string;
  readonly word: string;
  readonly values: readonly string[];
};

const shownMax = 40;

/** One value of many, found by typing a part of it. */
export function ValueFilter({ name, word, values }: ValueGiven): JSX.Element {
  const [part, setPart] = useState("");
  const chosen = query.value.get(name);
  const found = values.filter((value) => value.toLowerCase().includes(part.toLowerCase()));
  return (
    <Menu
      name={`Filter by ${word.toLowerCase()}`}
      className={chosen === null ? "control" : "control on"}
      button={chosen === null ? word : `${word}: ${chosen.length > 36 ? `${chosen.slice(0, 35)}…` : chosen}`}
    >
      {(close) => (
        <>
          {values.length > 8 && (
            <input
              type="text"
              aria-label={`Part of the ${word.toLowerCase()}`}
              placeholder="Type a part of it"
              value={part}
              onInput={(event) => setPart(event.currentTarget.value)}
            />
          )}
          <div class="choices">
            {chosen !== null && (
              <a href={change({ [name]: undefined })} onClick={close}>
                Any {word.toLowerCase()}
              </a>
            )}
            {found.slice(0, shownMax).map((value) => (
              <a
                key={value}
                class="mono"
                href={change({ [name]: value })}
                aria-current={value === chosen ? "true" : undefined}
                onClick={close}
              >
                <bdi>{value}</bdi>
              </a>
            ))}
          </div>
          {found.length === 0 && <p class="faint">Nothing by that name in this time.</p>}
          {found.length > shownMax && (
            <p class="faint">{number(found.length - shownMax)} more; type a part of it.</p>
          )}
        </>
      )}
    </Menu>
  );
}
