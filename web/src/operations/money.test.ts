import { expect, it } from 'vitest';
import { money } from './money';

it('writes minor units in the currency of the country', () => {
  expect(money(123456, 'GB')).toBe('£1,234.56');
  expect(money(-5, 'DE')).toBe('-€0.05');
  expect(money(1234, 'JP')).toBe('¥1,234');
  expect(money(null, 'GB')).toBe('');
  expect(money(12, null)).toBe('12');
});
