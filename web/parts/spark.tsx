/** A small line of what happened in each stretch of a range; the number above it carries the words. */
import type { JSX } from "preact";

const width = 300;

type Given = {
  readonly values: readonly number[];
  readonly token?: string;
  /** What fills the height; absent: the highest value. */
  readonly most?: number;
  readonly height?: number;
};

export function Spark({ values, token, most, height = 40 }: Given): JSX.Element {
  const highest = most ?? Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const bars = values.map((value, index) => {
    if (value <= 0) return "";
    const tall = Math.max(2, Math.min(1, value / highest) * (height - 4));
    return `M${(index * step).toFixed(2)} ${(height - 1 - tall).toFixed(2)}h${Math.max(1, step - 1).toFixed(2)}v${tall.toFixed(2)}H${(index * step).toFixed(2)}z`;
  });
  return (
    <svg
      class={`spark ${token ?? ""}`}
      viewBox={`0 0 ${width} ${height}`}
      width="100%"
      height={height}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={bars.join("")} />
      <line x1="0" x2={width} y1={height - 0.5} y2={height - 0.5} />
    </svg>
  );
}
