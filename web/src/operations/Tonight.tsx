import uPlot from 'uplot';
import { ask } from './ask';
import { price } from './money';
import type { Account, Page } from './queries';
import { nodes } from './queries';
import { FLEET, PLAN, TONIGHT, curves, zone } from './supply';
import type { Device, Dispatch, Rate } from './supply';
import { useAnswer } from './useAnswer';
import { useChart } from './useChart';

/** How far ahead prices and plans are shown. */
const AHEAD = 30 * 3_600_000;

interface Night {
  /** Rates of each point. */
  rates: Rate[][];
  devices: (Device & { plan: Dispatch[] })[];
  /** In seconds. */
  now: number;
}

/** The account's devices with their plans. An account without any is refused, which is no problem here. */
async function fleet(number: string, signal: AbortSignal): Promise<Night['devices']> {
  let found: Device[];
  try {
    found = (await ask<{ devices: Device[] }>(FLEET, { number }, signal)).devices;
  } catch (failure) {
    if (signal.aborted) throw failure;
    return [];
  }
  const plans = found.map(async (device) => {
    try {
      const answer = await ask<{ flexPlannedDispatches: Dispatch[] | null }>(PLAN, { device: device.id }, signal);
      return { ...device, plan: answer.flexPlannedDispatches ?? [] };
    } catch (failure) {
      if (signal.aborted) throw failure;
      // A device whose maker does not answer has no plan that could be shown.
      return { ...device, plan: [] };
    }
  });
  return Promise.all(plans);
}

/** What energy costs in the coming hours, and when the devices of the account are planned to take some. */
export function Tonight({ account, points }: { account: Account; points: string[] }) {
  const country = account.billingCountryCode;
  const { data, error } = useAnswer(`${account.number} ${points.join()}`, async (signal): Promise<Night> => {
    const now = Date.now();
    const between = { from: new Date(now - 3_600_000).toISOString(), to: new Date(now + AHEAD).toISOString() };
    const asked = points.map(async (point) => {
      const variables = { number: account.number, point, ...between };
      return nodes((await ask<{ applicableRates: Page<Rate> | null }>(TONIGHT, variables, signal)).applicableRates);
    });
    const [rates, devices] = await Promise.all([Promise.all(asked), fleet(account.number, signal)]);
    return { rates, devices, now: now / 1000 };
  });
  const place = useChart(
    220,
    ({ accent, second, third, quiet, axis }) => {
      if (!data) return null;
      const { at, prices } = curves(data.rates, data.now + AHEAD / 1000);
      if (at.length < 2) return null;
      const stepped = uPlot.paths.stepped?.({ align: 1 });
      const planned = data.devices.flatMap((device) => device.plan);
      return {
        options: {
          tzDate: (moment) => uPlot.tzDate(new Date(moment * 1000), zone(country)),
          scales: { y: { range: (_, least, most) => [Math.min(0, least * 1.1), Math.max(most * 1.15, 1)] } },
          hooks: { drawClear: [(chart) => shade(chart, planned, second)], draw: [(chart) => mark(chart, data.now, quiet)] },
          axes: [
            { ...axis, values: (_, ticks) => ticks.map((tick) => clock(tick * 1000, country)), space: 60 },
            { ...axis, size: 80, values: (_, ticks) => ticks.map((tick) => price(tick, country)) },
          ],
          series: [
            { label: 'At', value: (_, moment: number | null) => (moment === null ? '' : clock(moment * 1000, country)) },
            ...prices.map((_, which) => ({
              label: points.length > 1 ? `Net price, ${points[which]}` : 'Net price of a kWh',
              stroke: which === 0 ? accent : third,
              width: 2,
              ...(stepped && { paths: stepped }),
              points: { show: false },
              value: (_: uPlot, value: number | null) => (value === null ? '' : price(value, country)),
            })),
          ],
        },
        data: [at, ...prices],
      };
    },
    [data, country],
  );

  return (
    <>
      <h3>The coming hours</h3>
      {error && <p className="problem" role="alert">{error}</p>}
      {data?.rates.every((rates) => rates.length === 0) && <p className="hint">No rates are known for the coming hours.</p>}
      <div ref={place} className="chart" role="img" aria-label="Price of the coming hours, and what is planned" />
      {data && data.devices.length > 0 && (
        <ul className="plan" aria-label="Plan">
          {data.devices.map((device) => (
            <li key={device.id}>
              <strong>{device.name ?? device.deviceType}</strong>{' '}
              <small>{device.status?.currentState ?? device.status?.current}</small>{' '}
              {device.plan.length > 0 && <span className="swatch" />}
              {device.plan.length === 0 ? 'Nothing is planned.' : device.plan.map((each) => planned(each, country)).join(', ')}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Colours the time in which something is planned to run. */
function shade(chart: uPlot, planned: Dispatch[], colour: string) {
  const { ctx, bbox } = chart;
  const edge = (moment: string) => {
    const at = chart.valToPos(Date.parse(moment) / 1000, 'x', true);
    return Math.min(Math.max(at, bbox.left), bbox.left + bbox.width);
  };
  ctx.save();
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.22;
  for (const { start, end } of planned) ctx.fillRect(edge(start), bbox.top, edge(end) - edge(start), bbox.height);
  ctx.restore();
}

/** A line at the present. */
function mark(chart: uPlot, now: number, colour: string) {
  const { ctx, bbox } = chart;
  const at = chart.valToPos(now, 'x', true);
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function planned({ start, end, type, energyAddedKwh }: Dispatch, country: string | null): string {
  const energy = energyAddedKwh === null ? '' : ` ${Number(energyAddedKwh).toFixed(1)} kWh`;
  const kind = type === 'SMART' ? '' : ` (${type.toLowerCase()})`;
  return `${clock(Date.parse(start), country)}–${clock(Date.parse(end), country)}${energy}${kind}`;
}

function clock(moment: number, country: string | null): string {
  const format = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone(country) });
  return format.format(moment);
}
