// Joins a Chromium that somebody else opened, signs in on the provider's own pages, and prints what the last page says.
//
//   node browser.mjs http://127.0.0.1:DEBUGGING_PORT ISSUER PICTURE
import { createRequire } from 'node:module';

// Playwright belongs to the browser stories.
const { chromium } = createRequire(new URL('../../ui/package.json', import.meta.url))('@playwright/test');
const [, , door, issuer, picture] = process.argv;
const LIMIT_MS = 60_000;
const GLANCE_MS = 100;
const deadline = Date.now() + LIMIT_MS;

async function until(what, look) {
  for (;;) {
    const found = await look().catch(() => null);
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${LIMIT_MS / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, GLANCE_MS));
  }
}

const browser = await until('the browser is there', () => chromium.connectOverCDP(door));
const page = await until('the login page is open', async () => browser.contexts().flatMap((one) => one.pages()).find((one) => one.url().startsWith(issuer)));
page.setDefaultTimeout(LIMIT_MS);
await page.locator('input[name=login]').fill('ada');
await page.locator('input[name=password]').fill('hourglass');
await page.screenshot({ path: picture });
await page.locator('button[type=submit]').click();
// The second page asks for consent.
await page.getByRole('button', { name: 'Continue' }).click();
await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/callback/);
console.log(await page.locator('body').innerText());
const session = await browser.newBrowserCDPSession();
await session.send('Browser.close').catch(() => {});
