/** Beside a search: its name, a link that shows others the same, and taking it away as a file. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { SavedSearches } from "../../src/api/routes/searches.ts";
import { AskFault, address, change as send, useAnswer, type Values } from "../ask.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Menu } from "../parts/menu.tsx";
import { Plain } from "../parts/plain.tsx";
import { rangeMs, zoomed } from "../range.ts";
import { change, query, to } from "../route.ts";
import { counted, number } from "../words.ts";

/** As the server has it in `src/api/routes/export.ts`. */
const exportRowsMax = 100_000;

export function Saved(): JSX.Element {
  const { data, again } = useAnswer<SavedSearches>(address("/searches"), 60_000);
  const rows = data?.rows ?? [];
  return (
    <Menu name="Saved searches" button={`Saved${rows.length > 0 ? ` ${number(rows.length)}` : ""}`}>
      {(close) => (
        <>
          {rows.length > 0 && (
            <ul class="choices saved">
              {rows.map((row) => (
                <li key={row.id}>
                  <a
                    href={to("/logs", { q: row.q, stream: row.stream, severity: row.severity })}
                    title={`${row.q ?? ""}\nby ${row.by}`}
                    onClick={close}
                  >
                    <Plain text={row.name} lengthMax={100} />
                  </a>
                  <button
                    type="button"
                    class="link"
                    aria-label={`Remove ${row.name}`}
                    onClick={() =>
                      void send("DELETE", address(`/searches/${encodeURIComponent(row.id)}`)).then(
                        again,
                        again,
                      )
                    }
                  >
                    Remove
                  </button>
                </li>
              ))}
            </ul>
          )}
          <SaveForm done={again} />
        </>
      )}
    </Menu>
  );
}

function SaveForm({ done }: { readonly done: () => void }): JSX.Element {
  const [name, setName] = useState("");
  const [said, setSaid] = useState("");
  const text = (parameter: string): string | undefined => query.value.get(parameter) ?? undefined;
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      const search = { q: text("q"), stream: text("stream"), severity: text("severity") };
      const given = Object.entries(search).filter(([, value]) => value !== undefined);
      await send("POST", address("/searches"), { name: name.trim(), ...Object.fromEntries(given) });
      setSaid(`Saved as ${name.trim()}.`);
      setName("");
      done();
    } catch (error) {
      if (!(error instanceof AskFault)) throw error;
      setSaid(error.message);
    }
  };
  return (
    <form class="chosen" onSubmit={(event) => void save(event)}>
      <label>
        Save this search, for everyone who may read, as
        <input
          type="text"
          required
          maxLength={100}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <p class="faint" role="status">
        {said}
      </p>
      <button type="submit" class="control" disabled={name.trim() === ""}>
        Save
      </button>
    </form>
  );
}

/** A relative time would be another one for whoever opens the link: it is written out. */
export function Share(): JSX.Element {
  const { fromMs, untilMs } = rangeMs();
  const link = `${location.origin}${change({ ...zoomed(fromMs, untilMs), live: undefined })}`;
  return (
    <span class="share">
      Link to this: <CopyButton text={link} name="a link to exactly this search and time" />
    </span>
  );
}

type ExportGiven = {
  readonly filter: Values;
  readonly from: string;
  readonly until: string | undefined;
  readonly count: number | undefined;
};

export function Export({ filter, from, until, count }: ExportGiven): JSX.Element {
  const [reason, setReason] = useState("");
  const given = reason.trim().length >= 3;
  const linkTo = (format: string): string =>
    address("/export", { ...filter, from, until, format, reason: reason.trim() });
  return (
    <Menu name="Export" button="Export">
      {(close) => (
        <div class="chosen">
          <p>
            {count === undefined ? "What matches" : counted(count, "event")}
            {count !== undefined &&
              count > exportRowsMax &&
              `, of which the newest ${number(exportRowsMax)} are given`}
            . That you take it away is recorded, with your reason.
          </p>
          <label>
            Why
            <input
              type="text"
              required
              maxLength={500}
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <p class="tools-row">
            {(["csv", "ndjson"] as const).map((format) =>
              given ? (
                <a
                  key={format}
                  class="control"
                  href={linkTo(format)}
                  download={`midwatch.${format}`}
                  onClick={close}
                >
                  {format.toUpperCase()}
                </a>
              ) : (
                <button key={format} type="button" class="control" disabled>
                  {format.toUpperCase()}
                </button>
              ),
            )}
          </p>
        </div>
      )}
    </Menu>
  );
}
