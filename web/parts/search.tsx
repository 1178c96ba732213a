/**
 * The one search box. It speaks the query language of the server everywhere, completes fields and
 * their values, finds jobs by a part of their name, and takes an id straight to its run.
 */
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { EventPage, Values } from "../../src/api/schemas.ts";
import { AskFault, address, ask } from "../ask.ts";
import { range } from "../range.ts";
import { go, path, query, to } from "../route.ts";
import { number } from "../words.ts";
import { type Completion, completeFields, completeValues, idOf, isUuid, tokenAt } from "./complete.ts";

/** What could stand at the caret, and which of it the arrow keys are on; -1 for none. */
type Offer = { readonly choices: readonly Completion[]; readonly chosen: number };
const noOffer: Offer = { choices: [], chosen: -1 };

export function SearchBox(): JSX.Element {
  const onLogs = path.value === "/logs";
  const shown = onLogs ? (query.value.get("q") ?? "") : "";
  const [text, setText] = useState(shown);
  const [{ choices, chosen }, setOffer] = useState<Offer>(noOffer);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef(0);
  const id = useId();
  useEffect(() => setText(shown), [shown, onLogs]);

  const close = (): void => {
    asked.current += 1;
    setOffer(noOffer);
  };
  const suggest = async (): Promise<void> => {
    const element = input.current;
    if (!element) return;
    asked.current += 1;
    const turn = asked.current;
    const found = await completionsFor(element.value, element.selectionStart ?? element.value.length);
    if (turn !== asked.current) return;
    // What was chosen stays chosen when it is offered again: the answer to an earlier key may be late.
    setOffer((before) => {
      const label = before.choices[before.chosen]?.label;
      return { choices: found, chosen: found.findIndex((choice) => choice.label === label) };
    });
  };
  const take = (choice: Completion): void => {
    close();
    if (choice.address !== undefined) {
      setText(shown);
      go(choice.address);
      return;
    }
    setText(choice.text);
    if (!input.current) return;
    // At once and not with the next drawing: the next key may come before that.
    input.current.value = choice.text;
    input.current.setSelectionRange(choice.caret, choice.caret);
    if (!choice.final) void suggest();
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    close();
    void follow(text.trim());
    input.current?.blur();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const choice = choices[chosen];
    if (event.key === "Escape" && choices.length > 0) {
      close();
      event.preventDefault();
    } else if ((event.key === "Enter" || event.key === "Tab") && choice) {
      take(choice);
      event.preventDefault();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && choices.length > 0) {
      const by = event.key === "ArrowDown" ? 1 : -1;
      const next = (chosen + by + choices.length + (chosen === -1 && by < 0 ? 1 : 0)) % choices.length;
      setOffer({ choices, chosen: next });
      event.preventDefault();
    }
  };

  return (
    <form class="search" role="search" onSubmit={submit}>
      <input
        id="search"
        ref={input}
        type="text"
        role="combobox"
        aria-label="Search runs, jobs, lines and ids"
        aria-expanded={choices.length > 0}
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        placeholder="Search runs, jobs, lines, ids"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          void suggest();
        }}
        onKeyDown={onKeyDown}
        onBlur={close}
      />
      <kbd aria-hidden="true">/</kbd>
      <ul
        id={id}
        role="listbox"
        aria-label="Completions"
        class={choices.length > 0 ? "panel wide" : "hidden"}
      >
        {choices.map((choice, index) => (
          <li
            key={choice.label}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            onPointerDown={(event) => {
              event.preventDefault();
              take(choice);
            }}
          >
            <span class="mono">{choice.label}</span>
            <span class="faint">
              {choice.about ?? (choice.count === undefined ? "" : number(choice.count))}
            </span>
          </li>
        ))}
      </ul>
    </form>
  );
}

async function completionsFor(text: string, caret: number): Promise<readonly Completion[]> {
  const token = tokenAt(text, caret);
  if (token.text === "" || token.text === "-") return [];
  const colon = token.text.indexOf(":");
  const field = colon < 0 ? "job" : token.text.slice(token.text.startsWith("-") ? 1 : 0, colon);
  // A request for each key stroke would be wasteful; the engine is asked for what is a whole field.
  const values = await valuesOf(field);
  if (colon >= 0) return completeValues(text, token, values);
  const jobs = completeValues(text, { ...token, text: `job:${token.text}` }, values, true);
  const found = values
    .filter((one) => one.value.toLowerCase().includes(token.text.toLowerCase()))
    .slice(0, 4);
  const pages = found.map((one) => ({
    label: one.value,
    about: "job",
    address: to("/job", { job: one.value }),
    text,
    caret,
    final: true,
  }));
  return [...completeFields(text, token), ...(text.trim() === token.text ? pages : jobs.slice(0, 4))];
}

const known = new Map<string, { readonly atMs: number; readonly values: Values["values"] }>();

async function valuesOf(field: string): Promise<Values["values"]> {
  const { from, until } = range();
  const url = address("/values", { field, from, until, limit: 100 });
  const held = known.get(url);
  if (held && Date.now() - held.atMs < 30_000) return held.values;
  try {
    const { values } = await ask<Values>(url);
    known.clear();
    known.set(url, { atMs: Date.now(), values });
    return values;
  } catch (error) {
    // A field that the server does not know has no values to complete; the search itself will say so.
    if (error instanceof AskFault) return [];
    throw error;
  }
}

/** An id goes to its run or its event; anything else is searched for. */
async function follow(text: string): Promise<void> {
  const id = idOf(text);
  if (id !== undefined && (await isRun(id))) {
    go(to(`/runs/${encodeURIComponent(id)}`));
  } else if (id !== undefined && isUuid(id)) {
    go(to("/logs", { q: `id:${id}` }));
  } else {
    go(to("/logs", { q: text === "" ? undefined : text }));
  }
}

/** Asked as a list, because an id that is no run is an answer here and not a fault. */
async function isRun(id: string): Promise<boolean> {
  try {
    const { rows } = await ask<EventPage>(address("/events", { run: id, from: "-30d", limit: 1 }));
    return rows.length > 0;
  } catch (error) {
    if (error instanceof AskFault) return false;
    throw error;
  }
}
