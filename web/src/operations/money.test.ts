import { expect, it } from 'vitest';
import { money, price } from './money';

it('writes minor units in the currency of the country', () => {
  expect(money(123456, 'GB')).toBe('£1,234.56');
  expect(money(-5, 'DE')).toBe('-€0.05');
  expect(money(1234, 'JP')).toBe('¥1,234');
  expect(money(null, 'GB')).toBe('');
  expect(money(12, null)).toBe('12');
});

it('writes prices of a kWh with their fractions', () => {
  expect(price(24.0837, 'GB')).toBe('24.08p');
  expect(price(-1.5, 'DE')).toBe('-1.5 ct');
  expect(price(23, 'JP')).toBe('23 yen');
  expect(price(12, null)).toBe('12');
});
