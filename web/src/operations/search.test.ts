import { describe, expect, it } from 'vitest';
import { best, searchFor, termsFor } from './search';
import type { Found, Hit } from './search';

describe('termsFor', () => {
  it('looks for an account by its number however it is written', () => {
    expect(termsFor(' a-115ec82a ')).toEqual([{ accountNumber: 'A-115EC82A' }]);
    expect(termsFor('A115EC82A')).toEqual([{ accountNumber: 'A-115EC82A' }]);
  });

  it('looks for a mail address in the details of people only', () => {
    expect(termsFor('ada@example.com')).toEqual([{ user: 'ada@example.com' }]);
  });

  it('takes digits for a telephone number or a postcode', () => {
    expect(termsFor('100-0001')).toEqual([{ telephoneNumber: '100-0001' }, { account: '100-0001' }]);
  });

  it('looks for other text in people and accounts', () => {
    expect(termsFor('Ellis')).toEqual([{ user: 'Ellis' }, { account: 'Ellis' }]);
  });

  it('does not look for what the server refuses as too short', () => {
    expect(termsFor(' ab ')).toEqual([]);
  });
});

it('asks for each term in one operation', () => {
  const { query, variables } = searchFor(termsFor('Ellis'));
  expect(query).toContain('t0: accountsSearch(searchTerms: $t0');
  expect(query).toContain('t1: accountsSearch(searchTerms: $t1');
  expect(variables).toEqual({ t0: { user: 'Ellis' }, t1: { account: 'Ellis' } });
});

it('shows each account once, the best first', () => {
  const hit = (number: string, score: string): Hit => ({ score, account: { number } as Found });
  const found = best({ t0: [hit('B', '0.5'), hit('A', '0.6')], t1: [hit('B', '0.9')], t2: null });
  expect(found.map(({ number }) => number)).toEqual(['B', 'A']);
});
