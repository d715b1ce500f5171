// The URL in a problem's type leads to a page that explains it.
import assert from 'node:assert/strict';
import { API, fits, launch, open, pictures } from './browser.mjs';

const browser = await launch();
try {
  const { page, faults } = await open(browser, [API]);
  await page.goto(`${API}/problems/validation`);
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), '422 Unprocessable Content');
  assert.match(await page.locator('main').innerText(), /a field breaks its rule/);
  // The policy did not keep the page's own style away.
  assert.equal(await page.locator('main').evaluate((main) => getComputedStyle(main).maxWidth), '640px');
  await pictures(page, 'problem', true);
  await fits(page);
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
