import type { Transaction } from './queries';

/** Days in seconds since 1970, and the balance at the end of each; oldest first. */
export interface Balances {
  days: number[];
  ends: number[];
}

/** The balance at the end of each day, of transactions that come newest first. */
export function balances(transactions: readonly Transaction[]): Balances {
  const days: number[] = [];
  const ends: number[] = [];
  for (const { postedDate, balanceCarriedForward } of [...transactions].reverse()) {
    const day = Date.parse(`${postedDate}T00:00:00`) / 1000;
    if (days.at(-1) === day) ends.pop();
    else days.push(day);
    ends.push(balanceCarriedForward);
  }
  return { days, ends };
}
