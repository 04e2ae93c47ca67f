import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demo, logIn, withPage } from './pages.js';

test('GraphiQL logs in and runs an operation from a link', () => {
  const query = 'query Balance($number: String!) { account(accountNumber: $number) { number balance } }';
  const [number] = demo.customer.accountNumbers;
  const link = new URLSearchParams({ query, variables: JSON.stringify({ number }) });
  return withPage(`/v1/graphql/#${link}`, async (page, complaints) => {
    await logIn(page, demo.customer);
    await page.locator('.session-user').waitFor();
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window', { hasText: `"number": "${number}"` }).waitFor();
    assert.deepEqual(complaints, []);
  });
});
