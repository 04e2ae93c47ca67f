import type { Page } from './queries';
import { nodes } from './queries';

/** Zones in which days begin for customers of a country. */
const ZONES: Record<string, string> = {
  GB: 'Europe/London',
  DE: 'Europe/Berlin',
  JP: 'Asia/Tokyo',
  AU: 'Australia/Sydney',
  US: 'America/Chicago',
};

export function zone(country: string | null): string {
  return ZONES[country ?? ''] ?? 'UTC';
}

export const SUPPLY = `query Supply($number: String!, $since: DateTime!, $until: DateTime!) {
  account(accountNumber: $number) {
    properties(activeFrom: $since) {
      id address occupancyPeriods { effectiveFrom effectiveTo }
      exported: measurements(startAt: $since, endAt: $until, first: 1, utilityFilters: [
        { electricityFilters: { readingFrequencyType: MONTH_INTERVAL, readingDirection: GENERATION } }
      ]) { edges { node { value } } }
    }
    marketSupplyAgreements(active: false, first: 100) { edges { node {
      id validFrom validTo isActive product { displayName } supplyPoint { id }
    } } }
  }
  supplyPoints(accountNumber: $number, first: 50) { edges { node {
    id marketName externalIdentifier property { id }
  } } }
}`;

export interface Supply {
  account: { properties: Property[]; marketSupplyAgreements: Page<Agreement> | null };
  supplyPoints: Page<SupplyPoint> | null;
}

export interface Property {
  id: string;
  address: string;
  occupancyPeriods: { effectiveFrom: string | null; effectiveTo: string | null }[] | null;
  exported: { edges: unknown[] } | null;
}

export interface SupplyPoint {
  id: string;
  marketName: string;
  externalIdentifier: string;
  property: { id: string } | null;
}

export interface Agreement {
  id: string;
  validFrom: string;
  validTo: string | null;
  isActive: boolean;
  product: { displayName: string } | null;
  supplyPoint: { id: string };
}

export function isElectricity(point: SupplyPoint): boolean {
  return point.marketName.endsWith('_ELECTRICITY');
}

/** What can run through the points of a property, and how measurements of it are asked for. */
export const FLOWS = {
  'Electricity used': (frequency: string) => ({
    electricityFilters: { readingFrequencyType: frequency, readingDirection: 'CONSUMPTION' },
  }),
  'Electricity exported': (frequency: string) => ({
    electricityFilters: { readingFrequencyType: frequency, readingDirection: 'GENERATION' },
  }),
  'Gas used': (frequency: string) => ({ gasFilters: { readingFrequencyType: frequency } }),
} as const;
export type Flow = keyof typeof FLOWS;

/** What runs through a property's points. */
export function flows(property: Property, points: SupplyPoint[]): Flow[] {
  const all: Flow[] = [];
  if (points.some(isElectricity)) all.push('Electricity used');
  if ((property.exported?.edges.length ?? 0) > 0) all.push('Electricity exported');
  if (points.some((point) => !isElectricity(point))) all.push('Gas used');
  return all;
}

export const MEASUREMENTS = `query Measurements($number: String!, $property: ID!, $from: DateTime!, $to: DateTime!,
    $zone: String!, $filters: [UtilityFiltersInput], $after: String) {
  account(accountNumber: $number) { property(id: $property) {
    measurements(startAt: $from, endAt: $to, timezone: $zone, utilityFilters: $filters, first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node {
        value
        ... on IntervalMeasurementType { startAt endAt }
        metaData { statistics { type costInclTax { estimatedAmount } } }
      } }
    }
  } }
}`;

export interface Measurement {
  value: string;
  startAt: string;
  endAt: string;
  metaData: { statistics: { type: string | null; costInclTax: { estimatedAmount: string } | null }[] | null } | null;
}

export const TONIGHT = `query Tonight($number: String!, $point: String!, $from: DateTime!, $to: DateTime!) {
  applicableRates(accountNumber: $number, mpxn: $point, startAt: $from, endAt: $to, first: 100) { edges { node {
    value validFrom validTo
  } } }
}`;

export const FLEET = `query Fleet($number: String!) {
  devices(accountNumber: $number) { id name deviceType status { current currentState } }
}`;

export const PLAN = `query Plan($device: String!) {
  flexPlannedDispatches(deviceId: $device) { start end type energyAddedKwh }
}`;

export interface Rate {
  value: string;
  validFrom: string;
  validTo: string | null;
}

export interface Device {
  id: string;
  name: string | null;
  deviceType: string;
  status: { current: string; currentState: string | null } | null;
}

export interface Dispatch {
  start: string;
  end: string;
  type: string;
  energyAddedKwh: string | null;
}

/** How finely consumption is shown, and over which days. Half-hours arrive up to three days late. */
export const GRAINS = {
  'Half-hours': { frequency: 'THIRTY_MIN_INTERVAL', days: 4 },
  Days: { frequency: 'DAY_INTERVAL', days: 62 },
  Months: { frequency: 'MONTH_INTERVAL', days: 730 },
} as const;
export type Grain = keyof typeof GRAINS;

/** The day of a moment in a country. */
export function day(moment: number | string, country: string | null): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone: zone(country), dateStyle: 'short' }).format(new Date(moment));
}

/** A moment as clocks of a country show it, to the second. */
export function local(moment: number, country: string | null): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone(country), dateStyle: 'short', timeStyle: 'medium' });
  return format.format(moment).replace(' ', 'T');
}

/** When the interval of a grain began in which a moment lies: the day, or the first of the month. */
export function beginning(moment: number, grain: Grain, country: string | null): string {
  const today = day(moment, country);
  const midnight = Date.parse(`${grain === 'Months' ? `${today.slice(0, 8)}01` : today}T00:00:00Z`);
  const offset = (at: number) => Date.parse(`${local(at, country)}Z`) - at;
  // The offset that holds at UTC's midnight may not be that of the country's, where clocks change between them.
  const guess = midnight - offset(midnight);
  return new Date(midnight - offset(guess)).toISOString();
}

/** What was used in each interval and what it cost with tax, in minor units; null where that is not known. */
export interface Usage {
  grain: Grain;
  /** Then costs are what the customer is paid. */
  isExport: boolean;
  starts: string[];
  kwh: (number | null)[];
  /** With the standing charges of days and months. No half-hour has one of its own. */
  costs: (number | null)[];
  /** All costs and the standing charges among them. */
  cost: number | null;
  standing: number;
}

/** A measurement, or an interval between two of them for which there is none. */
type Interval = Pick<Measurement, 'startAt' | 'metaData'> & { value: string | null };

/** Measurements in the order of time, with the intervals that are missing between them. */
function intervals(measurements: Measurement[], country: string | null): Interval[] {
  const ordered = [...measurements].sort((one, other) => Date.parse(one.startAt) - Date.parse(other.startAt));
  return ordered.flatMap((each, place) => {
    const [start, end] = [Date.parse(each.startAt), Date.parse(each.endAt)];
    const next = ordered[place + 1];
    const missing = next && end > start ? Math.round((Date.parse(next.startAt) - end) / (end - start)) : 0;
    const gaps = Array.from({ length: Math.max(missing, 0) }, (_, gap): Interval => {
      return { startAt: local(end + gap * (end - start), country), value: null, metaData: null };
    });
    return [each, ...gaps];
  });
}

export function usage(measurements: Measurement[], grain: Grain, country: string | null): Usage {
  const all = intervals(measurements, country);
  const costs = ({ metaData }: Interval, type: string) =>
    (metaData?.statistics ?? [])
      .filter((statistic) => statistic.type === type)
      .map((statistic) => Number(statistic.costInclTax?.estimatedAmount ?? 0));
  const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
  const used = all.map((each) => costs(each, 'CONSUMPTION_COST'));
  const exported = all.map((each) => costs(each, 'GENERATION_VALUE'));
  const isExport = exported.flat().length > 0;
  const energy = isExport ? exported : used;
  const standing = all.map((each) => costs(each, 'STANDING_CHARGE_COST'));
  const isKnown = energy.flat().length + standing.flat().length > 0;
  return {
    grain,
    isExport,
    starts: all.map((each) => each.startAt),
    kwh: all.map((each) => (each.value === null ? null : Number(each.value))),
    costs: energy.map((amounts, at) => {
      const shown = grain === 'Half-hours' ? amounts : [...amounts, ...(standing[at] ?? [])];
      return shown.length === 0 ? null : sum(shown);
    }),
    cost: isKnown ? sum([...energy.flat(), ...standing.flat()]) : null,
    standing: sum(standing.flat()),
  };
}

/** How an interval is called: by its time, its day or its month, as its own offset has them. */
export function called(startAt: string, grain: Grain): string {
  if (grain === 'Half-hours') return `${startAt.slice(0, 10)} ${startAt.slice(11, 16)}`;
  return startAt.slice(0, grain === 'Days' ? 10 : 7);
}

/** How an interval is called on an axis, where only the first of a day says which day it is. */
export function mark(startAt: string, grain: Grain): string {
  if (grain !== 'Half-hours') return called(startAt, grain);
  const time = startAt.slice(11, 16);
  return time === '00:00' ? `${time}\n${startAt.slice(0, 10)}` : time;
}

/** The rates of several points as steps over one time line, in seconds; null where a point has no rate. */
export function curves(points: Rate[][], until: number): { at: number[]; prices: (number | null)[][] } {
  const steps = points.map((rates) =>
    rates.map((rate) => ({
      from: Date.parse(rate.validFrom) / 1000,
      to: rate.validTo === null ? Infinity : Date.parse(rate.validTo) / 1000,
      price: Number(rate.value),
    })),
  );
  const edges = new Set(steps.flat().flatMap((step) => [step.from, Math.min(step.to, until)]));
  const at = [...edges].filter((edge) => edge <= until).sort((one, other) => one - other);
  const end = at.at(-1);
  const prices = steps.map((all) =>
    at.map((moment) => {
      // The last moment belongs to what held until then.
      const holds = all.find((step) => step.from <= moment && (moment < step.to || (moment === end && moment === step.to)));
      return holds?.price ?? null;
    }),
  );
  return { at, prices };
}

/** Where a period lies between two moments, in per cent of the way. */
export function span(from: string | null, to: string | null, first: number, last: number): { left: number; width: number } {
  const share = (moment: number) => (100 * (Math.min(Math.max(moment, first), last) - first)) / (last - first);
  const left = from === null ? 0 : share(Date.parse(from));
  return { left, width: share(to === null ? last : Date.parse(to)) - left };
}

/** The first of each January, April, July and October between two moments; Januaries go by their year. */
export function quarters(first: number, last: number): { at: number; name: string }[] {
  const begin = new Date(first);
  const all: { at: number; name: string }[] = [];
  for (let month = 1; ; month++) {
    const moment = new Date(Date.UTC(begin.getUTCFullYear(), begin.getUTCMonth() + month, 1));
    if (moment.getTime() > last) return all;
    const name = { 0: String(moment.getUTCFullYear()), 3: 'Apr', 6: 'Jul', 9: 'Oct' }[moment.getUTCMonth()];
    if (name !== undefined) all.push({ at: moment.getTime(), name });
  }
}

/** Agreements and occupancies as bars of a time line. */
export interface Row {
  key: string;
  name: string;
  note: string;
  bars: { key: string; name: string; from: string | null; to: string | null; isCurrent: boolean }[];
}

/** One row for each property, followed by those of its points. */
export function rows(supply: Supply, now: number): Row[] {
  const points = nodes(supply.supplyPoints);
  const agreements = nodes(supply.account.marketSupplyAgreements);
  const holds = (from: string | null, to: string | null) =>
    (from === null || Date.parse(from) <= now) && (to === null || now < Date.parse(to));
  return supply.account.properties.flatMap((property) => [
    {
      key: `property ${property.id}`,
      name: property.address,
      note: '',
      bars: (property.occupancyPeriods ?? []).map(({ effectiveFrom: from, effectiveTo: to }, place) => {
        return { key: String(place), name: 'Held', from, to, isCurrent: holds(from, to) };
      }),
    },
    ...points
      .filter((point) => point.property?.id === property.id)
      .map((point) => ({
        key: `point ${point.id}`,
        name: point.externalIdentifier,
        note: point.marketName,
        bars: agreements
          .filter((agreement) => agreement.supplyPoint.id === point.id)
          .map(({ id, product, validFrom: from, validTo: to, isActive }) => {
            return { key: id, name: product?.displayName ?? id, from, to, isCurrent: isActive };
          }),
      })),
  ]);
}
