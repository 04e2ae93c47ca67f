import { useState } from 'react';
import uPlot from 'uplot';
import { all, ask } from './ask';
import { money, price } from './money';
import type { Account, Page } from './queries';
import { FLOWS, GRAINS, MEASUREMENTS, beginning, called, mark, usage, zone } from './supply';
import type { Flow, Grain, Measurement, Usage } from './supply';
import { useAnswer } from './useAnswer';
import { useChart } from './useChart';

const NAMES = Object.keys(GRAINS) as Grain[];
const EMPTY: Page<Measurement> = { pageInfo: { hasNextPage: false, endCursor: null }, edges: [] };

interface Props {
  account: Account;
  property: string;
  flows: Flow[];
}

interface Answered {
  account: { property: { measurements: Page<Measurement> | null } | null };
}

/** From zero on, or from what is below it; a little room above. */
function fromZero(_: uPlot, least: number | null, most: number | null): uPlot.Range.MinMax {
  return [Math.min(0, (least ?? 0) * 1.08), Math.max((most ?? 0) * 1.08, 0.01)];
}

/** What a property used, and what that cost, by half-hour, day or month. */
export function ConsumptionChart({ account, property, flows }: Props) {
  const [grain, setGrain] = useState<Grain>('Days');
  const [chosen, setFlow] = useState<Flow | null>(null);
  const flow = chosen ?? flows[0] ?? 'Electricity used';
  const country = account.billingCountryCode;
  const { data, error, loading } = useAnswer(`${property} ${grain} ${flow}`, async (signal) => {
    const { frequency, days } = GRAINS[grain];
    const now = Date.now();
    const variables = {
      number: account.number,
      property,
      from: beginning(now - days * 86_400_000, grain, country),
      to: new Date(now).toISOString(),
      zone: zone(country),
      filters: [FLOWS[flow](frequency)],
    };
    const measured = await all(async (after) => {
      const answer = await ask<Answered>(MEASUREMENTS, { ...variables, after }, signal);
      return answer.account.property?.measurements ?? EMPTY;
    }, 1000);
    return usage(measured, grain, country);
  });
  const place = useChart(
    260,
    ({ accent, second, axis }) => {
      if (!data || data.starts.length === 0) return null;
      const { starts, kwh, costs, grain: shown } = data;
      const isFine = shown === 'Half-hours';
      // Half an hour costs pence.
      const written = isFine ? price : (cost: number, of: string | null) => money(Math.round(cost), of);
      const bars = uPlot.paths.bars?.({ size: [0.8, 60] });
      const right = { ...axis, scale: 'cost', side: 1, grid: { show: false } } as const;
      return {
        options: {
          // Intervals stand side by side, however long they are.
          scales: {
            x: { time: false, range: () => [-0.7, starts.length - 0.3] },
            y: { range: fromZero },
            cost: { range: fromZero },
          },
          axes: [
            {
              ...axis,
              grid: { show: false },
              space: isFine ? 50 : 90,
              incrs: isFine ? [2, 4, 6, 12, 24, 48] : [1, 2, 4, 7, 14, 28],
              values: (_, ticks) => ticks.map((at) => mark(starts[at] ?? '', shown)),
            },
            { ...axis, values: (_, ticks) => ticks.map((tick) => `${tick} kWh`), size: 80 },
            { ...right, size: 80, values: (_, ticks) => ticks.map((tick) => written(tick, country)) },
          ],
          series: [
            { label: 'From', value: (_, at: number | null) => (at === null ? '' : called(starts[at] ?? '', shown)) },
            {
              label: 'Energy',
              stroke: accent,
              fill: `color-mix(in srgb, ${accent} 35%, transparent)`,
              ...(bars && { paths: bars }),
              points: { show: false },
              value: (_, value: number | null) => (value === null ? '' : `${value.toFixed(3)} kWh`),
            },
            {
              label: data.isExport ? 'Paid for it' : 'Cost with tax',
              scale: 'cost',
              stroke: second,
              width: 2,
              points: { show: starts.length < 40, size: 6, fill: second },
              value: (_, value: number | null) => (value === null ? '' : written(value, country)),
            },
          ],
        },
        data: [starts.map((_, at) => at), kwh, costs],
      };
    },
    [data, country],
  );

  return (
    <>
      <h3>Consumption</h3>
      <div className="choices">
        {flows.length > 1 && (
          <div role="group" aria-label="Of">
            {flows.map((name) => (
              <button key={name} type="button" aria-pressed={name === flow} onClick={() => setFlow(name)}>
                {name}
              </button>
            ))}
          </div>
        )}
        <div role="group" aria-label="By">
          {NAMES.map((name) => (
            <button key={name} type="button" aria-pressed={name === grain} onClick={() => setGrain(name)}>
              {name}
            </button>
          ))}
        </div>
      </div>
      {error && <p className="problem" role="alert">{error}</p>}
      {data?.starts.length === 0 && !loading && (
        <p className="hint">Nothing was measured in the last {GRAINS[data.grain].days} days.</p>
      )}
      {data && data.starts.length > 0 && <p className="sum">{total(data, country)}</p>}
      <div
        ref={place}
        className={loading ? 'chart waiting' : 'chart'}
        role="img"
        aria-label={`${flow} by ${grain.toLowerCase()}, and its cost`}
      />
    </>
  );
}

/** All that is shown, in words. */
function total({ starts, kwh, cost, standing, grain, isExport }: Usage, country: string | null): string {
  const period = `${called(starts[0] ?? '', grain)} to ${called(starts.at(-1) ?? '', grain)}`;
  const energy = kwh.reduce<number>((sum, each) => sum + (each ?? 0), 0);
  const amount = energy.toLocaleString('en-GB', { maximumFractionDigits: 1 });
  const tax = isExport ? '' : ' with tax';
  const charges = standing > 0 ? `, ${money(Math.round(standing), country)} of it standing charges` : '';
  return `${period}: ${amount} kWh${cost === null ? '' : ` for ${money(Math.round(cost), country)}${tax}${charges}`}`;
}
