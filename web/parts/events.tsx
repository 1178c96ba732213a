/** Events in a long table whose rows open. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { StoredEvent } from "../../src/store/store.ts";
import { EventDetail, eventText, eventWhere, keyOfEvent, SeverityWord } from "./event.tsx";
import { Plain } from "./plain.tsx";
import { type Column, Table } from "./table.tsx";
import { Stamp } from "./time.tsx";

type Given = {
  readonly name: string;
  readonly rows: readonly StoredEvent[];
  readonly stale?: boolean;
  readonly onEnd?: (() => void) | undefined;
  /** The id of an event to point out. */
  readonly marked?: string | undefined;
};

/** A line is cut on the screen, not in the document, unless it would slow the browser down. */
const lineLengthMax = 600;

export function EventTable({ name, rows, stale = false, onEnd, marked }: Given): JSX.Element {
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string): void => {
    const next = new Set(opened);
    if (!next.delete(id)) next.add(id);
    setOpened(next);
  };
  const line = (event: StoredEvent): JSX.Element => (
    <button
      type="button"
      data-row
      class="line"
      aria-expanded={opened.has(event.id)}
      onClick={() => {
        // Marking text with the pointer must not open and close rows.
        if (getSelection()?.isCollapsed !== false) toggle(event.id);
      }}
    >
      <Plain text={eventText(event) || event.kind} lengthMax={lineLengthMax} />
    </button>
  );
  const columns: readonly Column<StoredEvent>[] = [
    {
      name: "time",
      head: "Time",
      width: "150px",
      cell: (event) => (
        <span class="mono quiet">
          <Stamp time={event.time} />
        </span>
      ),
    },
    {
      name: "severity",
      head: "Severity",
      width: "62px",
      cell: (event) => <SeverityWord severity={event.severity} />,
    },
    {
      name: "where",
      head: "Where",
      width: "150px",
      drop: 2,
      cell: (event) => (
        <span class="mono quiet">
          <Plain text={eventWhere(event)} lengthMax={80} />
        </span>
      ),
    },
    {
      name: "kind",
      head: "What",
      width: "120px",
      drop: 3,
      cell: (event) => <span class="mono quiet">{event.kind}</span>,
    },
    { name: "text", head: "Text", width: "minmax(220px, 1fr)", cell: (event) => line(event) },
  ];
  return (
    <Table
      name={name}
      rows={rows}
      columns={columns}
      keyOf={keyOfEvent}
      rowHeight={27}
      stale={stale}
      onEnd={onEnd}
      rowClass={(event) => `lines ${event.severity ?? ""}${event.id === marked ? " marked" : ""}`}
      narrow={(event) => (
        <div class="narrow-line">
          <span class="mono quiet">
            <Stamp time={event.time} />
          </span>
          <SeverityWord severity={event.severity} />
          <span class="mono quiet where">
            <Plain text={eventWhere(event)} lengthMax={60} />
          </span>
          {line(event)}
        </div>
      )}
      open={(event) => (opened.has(event.id) ? <EventDetail event={event} /> : undefined)}
    />
  );
}
