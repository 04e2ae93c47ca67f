import { describe, expect, it } from 'vitest';
import { readLink, writeLink } from './deepLink';

const PAGE = 'https://api.example.com/v1/graphql/';

describe('readLink', () => {
  it('reads all three parts', () => {
    const hash = '#query=query%20A%20%7B%20a%20%7D&variables=%7B%22n%22%3A1%7D&operationName=A';
    expect(readLink(hash)).toEqual({ query: 'query A { a }', variables: '{\n  "n": 1\n}', operationName: 'A' });
  });

  it('needs a query only', () => {
    expect(readLink('#query=%7Ba%7D')).toEqual({ query: '{a}', variables: '', operationName: null });
  });

  it('finds nothing in other fragments', () => {
    for (const hash of ['', '#', '#query=', '#query=%20', '#variables=%7B%7D', '#top']) {
      expect(readLink(hash)).toBeNull();
    }
  });

  it('survives broken escapes and broken variables', () => {
    expect(readLink('#query=%7Ba%7D&variables=%7Bx')).toMatchObject({ variables: '{x' });
    expect(readLink('#query=%E0%A4%A')?.query).toBeTypeOf('string');
  });
});

describe('writeLink', () => {
  it('is what readLink reads', () => {
    const operation = {
      query: 'query Sum { a(text: "1 + 1 & 2 = 100% #") }',
      variables: '{\n  "name": "Zoë"\n}',
      operationName: 'Sum',
    };
    const link = new URL(writeLink(PAGE, operation));
    expect(readLink(link.hash)).toEqual(operation);
    expect(link.search).toBe('');
  });

  it('replaces the fragment that was there and leaves out empty parts', () => {
    const link = writeLink(`${PAGE}#query=old`, { query: '{a}', variables: ' ', operationName: null });
    expect(link).toBe(`${PAGE}#query=%7Ba%7D`);
  });

  it('empties secrets, in variables and in the operation', () => {
    const variables = '{"input":{"email":"a@example.com","password":"hunter2"}}';
    const query = 'mutation { obtainKrakenToken(input: { APIKey: "sk_1", email: "b" }) { token } }';
    const link = readLink(new URL(writeLink(PAGE, { query, variables, operationName: null })).hash);
    expect(JSON.parse(link?.variables ?? '')).toEqual({ input: { email: 'a@example.com', password: '' } });
    expect(link?.query).toContain('APIKey: "", email: "b"');
  });

  it('leaves out unreadable variables that may hold a secret', () => {
    const link = writeLink(PAGE, { query: '{a}', variables: '{"password": "hunter2"', operationName: null });
    expect(link).not.toContain('hunter2');
  });
});
