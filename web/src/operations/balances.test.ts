import { expect, it } from 'vitest';
import { balances } from './balances';
import type { Transaction } from './queries';

const posted = (postedDate: string, balanceCarriedForward: number) =>
  ({ postedDate, balanceCarriedForward }) as Transaction;

it('keeps the last balance of each day, oldest first', () => {
  const { days, ends } = balances([posted('2026-02-01', 5), posted('2026-01-02', 3), posted('2026-01-02', 9)]);
  expect(ends).toEqual([3, 5]);
  expect(days[0]).toBeLessThan(days[1] ?? 0);
});
