/** What the charts on canvas share: colours from the tokens, an axis in the reader's zone, zoom. */
import uPlot from "uplot";
import { axisMarks, markText } from "../times.ts";

/** A colour token as it stands in the theme that is shown. */
export function colour(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim();
}

export function timeAxis(): uPlot.Axis {
  return {
    stroke: colour("ink-3"),
    font: '11px ui-monospace, "DejaVu Sans Mono", monospace',
    size: 22,
    gap: 4,
    grid: { show: false },
    ticks: { stroke: colour("line"), width: 1, size: 4 },
    splits: (chart, _axis, min, max) =>
      [...axisMarks(min * 1000, max * 1000, chart.width / 90)].map((at) => at / 1000),
    values: (_chart, splits) => {
      const stepMs = ((splits[1] ?? 0) - (splits[0] ?? 0)) * 1000;
      return splits.map((at) => markText(at * 1000, stepMs || 60_000));
    },
  };
}

export function valueAxis(words: (value: number) => string, size = 52): uPlot.Axis {
  return {
    stroke: colour("ink-3"),
    font: '11px ui-monospace, "DejaVu Sans Mono", monospace',
    size,
    gap: 6,
    grid: { stroke: colour("line-2"), width: 1 },
    ticks: { show: false },
    values: (_chart, splits) => splits.map((value) => (value === null ? null : words(value))),
  };
}

export type DrawnChart = { readonly chart: uPlot; readonly close: () => void };

/** Draws into `place`, follows its width, and reports a stretch that was dragged over. */
export function draw(
  place: HTMLElement,
  options: Omit<uPlot.Options, "width">,
  data: uPlot.AlignedData,
  onZoom: (fromMs: number, untilMs: number) => void,
): DrawnChart {
  const chart = new uPlot(
    {
      ...options,
      width: place.clientWidth,
      legend: { show: false },
      hooks: {
        ...options.hooks,
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 4) return;
            onZoom(self.posToVal(left, "x") * 1000, self.posToVal(left + width, "x") * 1000);
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    },
    data,
    place,
  );
  const watcher = new ResizeObserver(() => {
    if (place.clientWidth !== chart.width)
      chart.setSize({ width: place.clientWidth, height: options.height });
  });
  watcher.observe(place);
  return {
    chart,
    close: () => {
      watcher.disconnect();
      chart.destroy();
    },
  };
}
