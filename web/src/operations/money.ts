const CURRENCIES: Record<string, string> = { GB: 'GBP', DE: 'EUR', JP: 'JPY', AU: 'AUD', US: 'USD' };

/** Writes minor units of the currency of a country; plain numbers where the country is not known. */
export function money(minor: number | null | undefined, country: string | null | undefined): string {
  if (minor === null || minor === undefined) return '';
  const currency = CURRENCIES[country ?? ''];
  if (!currency) return String(minor);
  const format = new Intl.NumberFormat('en-GB', { style: 'currency', currency, currencyDisplay: 'narrowSymbol' });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/** What one unit of the currency of a country is in minor units. */
export function unit(country: string | null | undefined): number {
  return country === 'JP' ? 1 : 100;
}

/** How minor units of a currency are written behind a number. */
const MINOR: Record<string, string> = { GB: 'p', DE: ' ct', JP: ' yen', AU: 'c', US: '¢' };

/** Writes what a kWh costs, in minor units with their fractions. */
export function price(minor: number, country: string | null | undefined): string {
  return `${minor.toLocaleString('en-GB', { maximumFractionDigits: 2 })}${MINOR[country ?? ''] ?? ''}`;
}
