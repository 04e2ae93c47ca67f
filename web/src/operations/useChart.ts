import { useEffect, useRef } from 'react';
import type { RefObject } from 'react';
import uPlot from 'uplot';

/** What a chart takes from the style sheet. */
export interface Ink {
  accent: string;
  second: string;
  third: string;
  quiet: string;
  /** An axis in the colours of the page. */
  axis: uPlot.Axis;
}

/** What is drawn: everything but its width, which is that of the page. */
export type Drawing = { options: Omit<uPlot.Options, 'width' | 'height'>; data: uPlot.AlignedData } | null;

/** A chart in the element that the answer is put on; drawn anew when what it depends on changes. */
export function useChart(height: number, draw: (ink: Ink) => Drawing, depends: unknown[]): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const { current } = place;
    if (!current) return;
    const style = getComputedStyle(current);
    const colour = (name: string) => style.getPropertyValue(name);
    const quiet = style.color;
    const axis = { stroke: quiet, grid: { stroke: colour('--line'), width: 1 } };
    const ink = { accent: colour('--accent'), second: colour('--second'), third: colour('--third'), quiet, axis };
    const drawing = draw(ink);
    if (!drawing) return;
    const chart = new uPlot({ ...drawing.options, width: current.clientWidth, height }, drawing.data, current);
    const watch = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, depends);

  return place;
}
