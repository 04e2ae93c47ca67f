import { describe, expect, it } from 'vitest';
import { isBlank, rootFields } from './operations';

const names = (query: string) => rootFields(query).map(({ type, name }) => `${type} ${name}`);

describe('rootFields', () => {
  it('finds the root fields only, by their own names, each once', () => {
    const query = `
      query A($n: String!) { mine: viewer { accounts { number } } account(accountNumber: $n) { number } }
      query B { viewer { email } __typename }
      mutation C { createAccountCharge(input: {}) { accountCharge { id } } }`;
    expect(names(query)).toEqual(['query viewer', 'query account', 'mutation createAccountCharge']);
  });

  it('looks through fragments, even circular or missing ones', () => {
    const query = `
      { ...Root ...Missing ... on Query { account { number } } }
      fragment Root on Query { viewer { email } ...Root }`;
    expect(names(query)).toEqual(['query viewer', 'query account']);
  });

  it('skips introspection and subscriptions', () => {
    expect(names('{ __schema { queryType { name } } }')).toEqual([]);
    expect(names('subscription { ticks }')).toEqual([]);
  });

  it('throws on text that is not a document', () => {
    expect(() => rootFields('{ viewer {')).toThrow(/Syntax Error/);
  });
});

describe('isBlank', () => {
  it('knows text without an operation', () => {
    expect(isBlank('')).toBe(true);
    expect(isBlank('# only\n  # comments\n')).toBe(true);
    expect(isBlank('# a comment\n{ viewer { email } }')).toBe(false);
  });
});
