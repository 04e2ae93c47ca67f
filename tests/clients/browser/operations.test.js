import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demo, logIn, withPage } from './pages.js';

const [ada] = demo.accounts;

test('staff find a customer by a misspelt name, with the keyboard only, and see the books', () =>
  withPage('/operations/', async (page, complaints) => {
    await logIn(page, demo.staff);
    await page.locator('.search input').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('Ada Elis');
    await page.locator('.found button', { hasText: ada.number }).waitFor();
    const place = await page.locator('.found button').evaluateAll(
      (buttons, number) => buttons.findIndex((button) => button.textContent.includes(number)),
      ada.number,
    );
    for (let step = 0; step < place; step++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');

    await page.locator('h2', { hasText: ada.number }).waitFor();
    await page.locator('.chart canvas').waitFor();
    const rows = page.locator('section[aria-label=Ledgers] .rows tbody tr');
    assert.ok((await rows.count()) > 20, 'two years of transactions');
    // The newest transaction carries the balance that the summary shows.
    const balance = await page.locator('.summary dd').first().innerText();
    const chosen = await page.locator('.ledgers [aria-pressed=true] strong').innerText();
    assert.equal(await rows.first().locator('td').last().innerText(), chosen);
    assert.match(balance, /^-?£[\d,]+\.\d\d$/);
    assert.deepEqual(complaints, []);
  }));

test('bills open as PDF', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    await logIn(page, demo.staff);
    await page.locator('[role=tab]', { hasText: 'Bills' }).waitFor();
    await page.keyboard.press('2');
    const link = page.locator('section[aria-label=Bills] a').first();
    await link.waitFor();
    const answer = await page.request.get(await link.getAttribute('href'));
    assert.equal(answer.status(), 200);
    assert.equal(answer.headers()['content-type'], 'application/pdf');
    assert.equal((await answer.body()).subarray(0, 5).toString(), '%PDF-');
    assert.deepEqual(complaints, []);
  }));

test('payments show what comes next and by which way', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    await logIn(page, demo.staff);
    await page.locator('[role=tab]', { hasText: 'Payments' }).waitFor();
    await page.keyboard.press('3');
    const payments = page.locator('section[aria-label=Payments]');
    await payments.locator('h3', { hasText: 'Ways to pay' }).waitFor();
    await payments.locator('td', { hasText: 'DIRECT_DEBIT' }).first().waitFor();
    // No more of a bank account than its last digits.
    assert.doesNotMatch(await payments.innerText(), /\d{8}/);
    assert.deepEqual(complaints, []);
  }));

test('a customer is told that searching is not for them', () =>
  withPage('/operations/', async (page) => {
    await logIn(page, demo.customer);
    await page.locator('.search input').fill('Ellis');
    await page.locator('.search [role=status]', { hasText: /authori/i }).waitFor();
    assert.equal(await page.locator('.found button').count(), 0);
  }));

test('a wrong password is said to be one', () =>
  withPage('/operations/', async (page) => {
    await logIn(page, { ...demo.staff, password: 'not the password' });
    await page.locator('[role=alert]', { hasText: 'Log-in failed.' }).waitFor();
    assert.equal(await page.locator('.search').count(), 0);
  }));
