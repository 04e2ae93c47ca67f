import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demo, logIn, withPage } from './pages.js';

const [ada] = demo.accounts;

/** The Supply view of an account, with what was measured shown. */
async function openSupply(page, number) {
  await logIn(page, demo.staff);
  await page.locator('[role=tab]', { hasText: 'Supply' }).waitFor();
  await page.keyboard.press('4');
  const supply = page.locator('section[aria-label=Supply]');
  await supply.locator('.sum').waitFor();
  return supply;
}

/** Writes down, from now on, which sum stood beneath which chart whenever the page was not waiting. */
async function watch(supply) {
  await supply.evaluate((section) => {
    const seen = [];
    const note = () => {
      const chart = section.querySelector('[role=img][aria-label*=" by "]:not(.waiting)');
      const sum = section.querySelector('.sum');
      if (chart && sum) seen.push([chart.getAttribute('aria-label'), sum.textContent]);
    };
    new MutationObserver(note).observe(section, { subtree: true, childList: true, attributes: true, characterData: true });
    window.seen = seen;
    note();
  });
}

/** kWh and money of the line that sums a chart up. */
async function sum(supply) {
  const [, energy, cost] = /: ([\d,.]+) kWh for [^\d]*([\d,.]+) with tax/.exec(await supply.locator('.sum').innerText());
  return [energy, cost].map((amount) => Number(amount.replaceAll(',', '')));
}

async function painted(chart) {
  await chart.locator('canvas').waitFor();
  return chart.locator('canvas').evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value) => value !== 0);
  });
}

test('properties and agreements lie on a line of time', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    const supply = await openSupply(page, ada.number);
    const rows = supply.locator('.timeline li:not([aria-hidden])');
    // The home, its electricity and its gas.
    assert.equal(await rows.count(), 3);
    const widths = await rows.locator('.bar').evaluateAll((bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    assert.ok(widths.length >= 3 && widths.every((width) => width > 100), `two years are wide: ${widths}`);
    assert.match(await rows.nth(1).innerText(), /\d{13}\s+GBR_ELECTRICITY/);
    assert.equal(await supply.locator('.bar.current.open').count(), 3);
    assert.deepEqual(complaints, []);
  }));

test('consumption is shown by half-hour, day and month with what it cost', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    const supply = await openSupply(page, ada.number);
    await watch(supply);
    const sums = {};
    for (const grain of ['Half-hours', 'Days', 'Months']) {
      await supply.getByRole('button', { name: grain }).click();
      const chart = supply.getByRole('img', { name: `Electricity used by ${grain.toLowerCase()}` });
      await chart.and(page.locator(':not(.waiting)')).waitFor();
      assert.ok(await painted(chart), grain);
      sums[grain] = await sum(supply);
    }
    // Days, two months and two years.
    for (const at of [0, 1]) {
      assert.ok(sums['Half-hours'][at] > 0);
      assert.ok(sums.Days[at] > 5 * sums['Half-hours'][at]);
      assert.ok(sums.Months[at] > 5 * sums.Days[at]);
    }
    await supply.getByRole('button', { name: 'Gas used' }).click();
    await supply.getByRole('img', { name: 'Gas used by months' }).and(page.locator(':not(.waiting)')).waitFor();
    assert.ok((await sum(supply))[0] > 0);
    // No figures stood under the name of others, not for a moment.
    const shown = new Set((await page.evaluate(() => window.seen)).map((each) => each.join()));
    const charts = new Set([...shown].map((each) => each.split(',')[0]));
    assert.equal(charts.size, 4);
    assert.equal(shown.size, 4, [...shown].join('\n'));
    assert.deepEqual(complaints, []);
  }));

test('a bar tells its figures', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    const supply = await openSupply(page, ada.number);
    const chart = supply.locator('.chart').first();
    await chart.locator('.u-over').hover();
    const values = await chart.locator('.u-value').allInnerTexts();
    assert.match(values[0], /^\d{4}-\d\d-\d\d$/);
    assert.match(values[1], /^[\d.]+ kWh$/);
    assert.match(values[2], /^£[\d.]+$/);
    assert.deepEqual(complaints, []);
  }));

test('the plan of tonight is shown upon its prices, for a car that is plugged in', () =>
  withPage(`/operations/#${ada.number}`, async (page, complaints) => {
    const supply = await openSupply(page, ada.number);
    const chart = supply.getByRole('img', { name: /^Price of the coming hours/ });
    assert.ok(await painted(chart));
    await chart.locator('.u-over').hover();
    assert.match(await chart.locator('.u-value').nth(1).innerText(), /^[\d.]+p$/);
    // A plan there is while the car is at home; the devices are named in any case.
    const plan = await supply.locator('.plan li').allInnerTexts();
    assert.ok(plan.length > 0, 'devices');
    for (const line of plan) assert.match(line, /Nothing is planned|\d\d:\d\d–\d\d:\d\d [\d.]+ kWh/);
    assert.deepEqual(complaints, []);
  }));

test('an account that nothing was ever measured for says so', () => {
  const withoutSupply = demo.accounts.find((account) => account.holder === 'Isolde Penrose');
  return withPage(`/operations/#${withoutSupply.number}`, async (page, complaints) => {
    await logIn(page, demo.staff);
    await page.locator('[role=tab]', { hasText: 'Supply' }).waitFor();
    await page.keyboard.press('4');
    await page.locator('.hint', { hasText: 'Nothing is supplied on this account.' }).waitFor();
    assert.deepEqual(complaints, []);
  });
});
