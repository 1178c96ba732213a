/** A small line of what happened in each stretch of a range; the number above it carries the words. */
import type { JSX } from "preact";

const width = 300;
const height = 40;

export function Spark({
  values,
  token,
}: {
  readonly values: readonly number[];
  readonly token?: string;
}): JSX.Element {
  const highest = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  return (
    <svg
      class={`spark ${token ?? ""}`}
      viewBox={`0 0 ${width} ${height}`}
      width="100%"
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {values.map((value, index) =>
        value > 0 ? (
          <rect
            key={index}
            x={(index * step).toFixed(2)}
            y={(height - 1 - Math.max(2, (value / highest) * (height - 4))).toFixed(2)}
            width={Math.max(1, step - 1).toFixed(2)}
            height={Math.max(2, (value / highest) * (height - 4)).toFixed(2)}
          />
        ) : null,
      )}
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  );
}
