import uPlot from 'uplot';
import { balances } from './balances';
import { money, unit } from './money';
import type { Transaction } from './queries';
import { useChart } from './useChart';

interface Props {
  transactions: Transaction[];
  country: string | null;
}

/** The balance after each day on which something was posted, as steps: nothing changes in between. */
export function BalanceChart({ transactions, country }: Props) {
  const written = (value: number | null) => (value === null ? '' : money(Math.round(value), country));
  const place = useChart(
    220,
    ({ accent, axis }) => {
      const { days, ends } = balances(transactions);
      if (days.length < 2) return null;
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      return {
        options: {
          axes: [axis, { ...axis, size: 90, values: (_, ticks) => ticks.map(written), incrs: increments(country) }],
          series: [
            { label: 'Day', value: '{YYYY}-{MM}-{DD}' },
            {
              label: 'Balance',
              stroke: accent,
              width: 2,
              fill: `color-mix(in srgb, ${accent} 12%, transparent)`,
              ...(stepped && { paths: stepped }),
              points: { show: false },
              value: (_, value: number | null) => written(value),
            },
          ],
        },
        data: [days, ends],
      };
    },
    [transactions, country],
  );

  return <div ref={place} className="chart" role="img" aria-label="Balance over time" />;
}

/** Round steps in whole units of the currency. */
function increments(country: string | null): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 1_000_000];
  return steps.map((step) => step * unit(country));
}
