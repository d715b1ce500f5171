// What the tests of this folder share: Chromium, and everything it complains about.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

// The address of what is tested, a token for it, and the folder for pictures.
export const { API, TOKEN, SCREENSHOTS } = process.env;

// launch starts a browser.
export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: [
    '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync',
  ],
});

// open opens a page in a session of its own. `faults` gathers, as they come, what no page may do here:
// leave the origins that are given, break its Content-Security-Policy, or write an
// error or a warning to the console.
export async function open(browser, origins) {
  const context = await browser.newContext();
  const faults = [];
  context.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith('data:') && !origins.includes(new URL(url).origin)) faults.push(`a request to ${url}`);
  });
  await context.exposeFunction('reportViolation', (what) => faults.push(`a breach of the policy: ${what}`));
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      window.reportViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`);
    });
  });
  context.on('weberror', (error) => faults.push(`an exception: ${error.error()}`));
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`the console: ${message.text()}`);
  });
  const page = await context.newPage();
  page.setDefaultTimeout(240_000);
  return { page, faults };
}

// pictures saves what a window shows of a page, or the whole page, in light and dark, wide
// and phone-wide.
export async function pictures(page, name, fullPage = false) {
  if (!SCREENSHOTS) return;
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of [[1440, 900], [390, 844]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${SCREENSHOTS}/${name}-${colorScheme}-${width}.png`, fullPage });
    }
  }
}

// fits fails where a page of the phone's width can be scrolled sideways.
export async function fits(page) {
  await page.setViewportSize({ width: 390, height: 844 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `the page is ${width} pixels wide on a phone of 390`);
}
