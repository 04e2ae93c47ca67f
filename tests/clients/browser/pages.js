import { readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

export const demo = JSON.parse(await readFile(process.env.CLIENTS_DEMO_FILE, 'utf8'));
const origin = new URL(demo.url).origin;

/** Runs `visit` on a page of the server and fails on anything that the page complained of. */
export async function withPage(path, visit) {
  const browser = await chromium.launch({
    executablePath: process.env.CLIENTS_BROWSER,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    const complaints = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(new URL(path, origin).href);
    await visit(page, complaints);
  } finally {
    await browser.close();
  }
}

export async function logIn(page, { email, password }) {
  await page.locator('input[name=email]').fill(email);
  await page.locator('input[name=password]').fill(password);
  await page.keyboard.press('Enter');
}
