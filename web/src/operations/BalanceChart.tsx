import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { money, unit } from './money';
import type { Transaction } from './queries';
import { balances } from './balances';

const HEIGHT = 220;

interface Props {
  transactions: Transaction[];
  country: string | null;
}

/** The balance after each day on which something was posted, as steps: nothing changes in between. */
export function BalanceChart({ transactions, country }: Props) {
  const place = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const { current } = place;
    const { days, ends } = balances(transactions);
    if (!current || days.length < 2) return;
    const ink = getComputedStyle(current);
    const colour = ink.getPropertyValue('--accent');
    const plain = { stroke: ink.color, grid: { stroke: ink.getPropertyValue('--line'), width: 1 } };
    const written = (value: number | null) => (value === null ? '' : money(Math.round(value), country));
    const stepped = uPlot.paths.stepped?.({ align: 1 });
    const chart = new uPlot(
      {
        width: current.clientWidth,
        height: HEIGHT,
        axes: [
          plain,
          { ...plain, size: 90, values: (_, ticks) => ticks.map(written), incrs: increments(country) },
        ],
        series: [
          { label: 'Day', value: '{YYYY}-{MM}-{DD}' },
          {
            label: 'Balance',
            stroke: colour,
            width: 2,
            fill: `color-mix(in srgb, ${colour} 12%, transparent)`,
            ...(stepped && { paths: stepped }),
            points: { show: false },
            value: (_, value: number | null) => written(value),
          },
        ],
      },
      [days, ends],
      current,
    );
    const watch = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height: HEIGHT }));
    watch.observe(current);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
  }, [transactions, country]);

  return <div ref={place} className="chart" role="img" aria-label="Balance over time" />;
}

/** Round steps in whole units of the currency. */
function increments(country: string | null): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000];
  return steps.map((step) => step * unit(country));
}
