import { expect, test } from 'vitest';
import { beginning, called, curves, day, flows, mark, quarters, rows, span, usage } from './supply';
import type { Supply } from './supply';

const measured = (startAt: string, value: string, costs: Record<string, string> = {}) => ({
  value,
  startAt,
  endAt: new Date(Date.parse(startAt) + 1_800_000).toISOString(),
  metaData: {
    statistics: Object.entries(costs).map(([type, estimatedAmount]) => ({ type, costInclTax: { estimatedAmount } })),
  },
});

test('usage goes by time, and a cost that is not known is none', () => {
  const costs = { CONSUMPTION_COST: '30.5', TOU_BUCKET_COST: '30.5', STANDING_CHARGE_COST: '60' };
  // In the order of time, not of text.
  const all = [measured('2026-03-29T03:00:00+02:00', '0.5'), measured('2026-03-29T01:30:00+01:00', '1.25', costs)];
  const found = usage(all, 'Days', 'DE');
  expect(found.kwh).toEqual([1.25, 0.5]);
  expect(found.costs).toEqual([90.5, null]);
  // No half-hour has a standing charge of its own, but all of them together have.
  expect(usage(all, 'Half-hours', 'DE')).toMatchObject({ costs: [30.5, null], cost: 90.5, standing: 60 });
  expect(usage(all.slice(0, 1), 'Days', 'DE').cost).toBeNull();
});

test('what is fed in is paid for', () => {
  const found = usage([measured('2026-03-29T13:00:00Z', '2', { GENERATION_VALUE: '24' })], 'Days', 'GB');
  expect(found).toMatchObject({ kwh: [2], costs: [24], cost: 24, isExport: true });
});

test('what is missing between measurements is left open', () => {
  const all = [measured('2026-03-29T01:30:00+01:00', '1'), measured('2026-03-29T04:00:00+02:00', '2')];
  const found = usage(all, 'Half-hours', 'DE');
  expect(found.kwh).toEqual([1, null, null, 2]);
  // Clocks go from two to three.
  expect(found.starts.map((start) => called(start, 'Half-hours').slice(11))).toEqual(['01:30', '03:00', '03:30', '04:00']);
});

test('intervals are called by their local time', () => {
  expect(called('2026-11-20T23:30:00+09:00', 'Half-hours')).toBe('2026-11-20 23:30');
  expect(called('2026-11-20T00:00:00+09:00', 'Days')).toBe('2026-11-20');
  expect(called('2026-11-01T00:00:00+09:00', 'Months')).toBe('2026-11');
  expect(mark('2026-11-20T23:30:00+09:00', 'Half-hours')).toBe('23:30');
  expect(mark('2026-11-20T00:00:00+09:00', 'Half-hours')).toBe('00:00\n2026-11-20');
});

test('days and months begin at midnight of the country, also when clocks change', () => {
  const at = (text: string) => Date.parse(text);
  expect(day('2024-10-31T13:00:00+00:00', 'AU')).toBe('2024-11-01');
  expect(beginning(at('2026-11-21T16:00:00Z'), 'Days', 'JP')).toBe('2026-11-21T15:00:00.000Z');
  expect(beginning(at('2026-11-21T16:00:00Z'), 'Months', 'JP')).toBe('2026-10-31T15:00:00.000Z');
  expect(beginning(at('2026-03-29T12:00:00Z'), 'Days', 'GB')).toBe('2026-03-29T00:00:00.000Z');
  expect(beginning(at('2026-10-25T12:00:00Z'), 'Days', 'GB')).toBe('2026-10-24T23:00:00.000Z');
  expect(beginning(at('2026-10-25T12:00:00Z'), 'Half-hours', 'DE')).toBe('2026-10-24T22:00:00.000Z');
  expect(beginning(at('2026-10-04T12:00:00Z'), 'Days', 'AU')).toBe('2026-10-03T14:00:00.000Z');
});

test('rates of several points share one line of time', () => {
  const day = '2026-01-01T';
  const until = Date.parse(`${day}02:00:00Z`) / 1000;
  const { at, prices } = curves(
    [
      [
        { value: '10', validFrom: `${day}00:00:00Z`, validTo: `${day}01:00:00Z` },
        { value: '5', validFrom: `${day}01:00:00Z`, validTo: null },
      ],
      [{ value: '15', validFrom: `${day}00:30:00Z`, validTo: `${day}01:00:00Z` }],
    ],
    until,
  );
  expect(at.map((moment) => until - moment)).toEqual([7200, 5400, 3600, 0]);
  expect(prices).toEqual([
    [10, 10, 5, 5],
    [null, 15, null, null],
  ]);
  expect(curves([[]], until)).toEqual({ at: [], prices: [[]] });
});

test('what began earlier or never ends is cut off at the edges', () => {
  const [first, last] = [Date.parse('2026-01-01T00:00:00Z'), Date.parse('2026-01-11T00:00:00Z')];
  expect(span('2025-01-01T00:00:00Z', '2026-01-06T00:00:00Z', first, last)).toEqual({ left: 0, width: 50 });
  expect(span('2026-01-06T00:00:00Z', null, first, last)).toEqual({ left: 50, width: 50 });
  expect(span(null, null, first, last)).toEqual({ left: 0, width: 100 });
});

test('the line of time is marked by quarters', () => {
  const names = quarters(Date.parse('2025-11-21T00:00:00Z'), Date.parse('2026-07-01T00:00:00Z')).map(({ name }) => name);
  expect(names).toEqual(['2026', 'Apr', 'Jul']);
});

const supply: Supply = {
  account: {
    properties: [
      {
        id: '1',
        address: '1 Sea Street',
        occupancyPeriods: [{ effectiveFrom: '2024-01-01T00:00:00Z', effectiveTo: '2025-01-01T00:00:00Z' }],
        exported: { edges: [{}] },
      },
    ],
    marketSupplyAgreements: {
      pageInfo: { hasNextPage: false, endCursor: null },
      edges: [
        {
          node: {
            id: '7',
            validFrom: '2024-01-01T00:00:00Z',
            validTo: null,
            isActive: true,
            product: { displayName: 'Flexible' },
            supplyPoint: { id: '3' },
          },
        },
      ],
    },
  },
  supplyPoints: {
    pageInfo: { hasNextPage: false, endCursor: null },
    edges: [{ node: { id: '3', marketName: 'GBR_GAS', externalIdentifier: '9876543', property: { id: '1' } } }],
  },
};

test('each property is followed by its points, and what holds is told from what is over', () => {
  const found = rows(supply, Date.parse('2026-01-01T00:00:00Z'));
  expect(found.map((row) => row.name)).toEqual(['1 Sea Street', '9876543']);
  expect(found.map((row) => row.bars.map((bar) => [bar.name, bar.isCurrent]))).toEqual([
    [['Held', false]],
    [['Flexible', true]],
  ]);
});

test('what runs through a property follows from its points and from what it exported', () => {
  const [property] = supply.account.properties;
  const points = supply.supplyPoints?.edges.map((edge) => edge.node) ?? [];
  expect(property && flows(property, points)).toEqual(['Electricity exported', 'Gas used']);
});
