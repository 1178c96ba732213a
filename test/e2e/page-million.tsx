/** A table of a million rows, for a browser to scroll: the page's own part, without a server. */
import { render } from "preact";
import { Table } from "../../web/parts/table.tsx";

const rows = Array.from({ length: 1_000_000 }, (_, index) => index);

render(
  <Table
    name="Many"
    rows={rows}
    columns={[
      { name: "number", head: "Number", width: "120px", cell: (row) => `row ${row}` },
      {
        name: "square",
        head: "Square",
        width: "minmax(100px, 1fr)",
        right: true,
        cell: (row) => String(row * row),
      },
    ]}
    keyOf={String}
    narrow={(row) => `row ${row}`}
    rowHeight={31}
  />,
  document.body,
);
