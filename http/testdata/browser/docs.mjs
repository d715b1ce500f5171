// A person opens the docs page, pastes a token with its scheme, creates a task, and reads
// it by the id that the page fills in.
import assert from 'node:assert/strict';
import { API, TOKEN, fits, launch, open, pictures } from './browser.mjs';
import { call, entry } from './scalar.mjs';

const browser = await launch();
try {
  const { page, faults } = await open(browser, [new URL(API).origin]);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(`${API}/docs`);
  await page.getByRole('heading', { name: 'securetodo' }).waitFor();
  // The first screen is the operations, not the essay.
  const screen = (await page.viewportSize()).height;
  for (const summary of ['List tasks', 'Create a task', 'Delete a task', 'Read the account']) {
    const { y, height } = await entry(page, summary).boundingBox();
    assert.ok(y >= 0 && y + height <= screen, `${summary} is at ${y}, below the first screen`);
  }
  const essay = await page.getByRole('heading', { name: 'Who may ask' }).boundingBox();
  assert.ok(!essay || essay.y > screen, 'the essay is on the first screen');
  await pictures(page, 'docs');
  await fits(page);
  await page.setViewportSize({ width: 1440, height: 900 });

  const field = page.getByLabel('Bearer Token').first();
  await field.fill(`Bearer ${TOKEN}`);
  assert.equal(await field.inputValue(), TOKEN);
  await entry(page, 'List tasks').click();
  await page.getByText('/api/alice/tasks').first().waitFor();

  const tasks = '/api/{user_id}/tasks';
  const created = await call(page, { method: 'post', path: tasks, summary: 'Create a task' }, async (client) => {
    // The editor handles these keys: text that replaces text has Chromium make a style attribute.
    await client.locator('.cm-content', { hasText: 'title' }).first().click();
    await page.keyboard.press('Control+A');
    await page.keyboard.press('Backspace');
    await page.keyboard.insertText('{"title": "Buy milk in Chromium"}');
    await pictures(page, 'docs-try');
    await page.setViewportSize({ width: 1440, height: 900 });
  });
  assert.equal(created.status, 201, created.body);
  const { id, title } = JSON.parse(created.body);
  assert.equal(title, 'Buy milk in Chromium');

  await entry(page, 'Read a task').click();
  await page.getByText(id.slice(0, 8)).first().waitFor();
  await pictures(page, 'docs-operation');
  await page.setViewportSize({ width: 1440, height: 900 });
  const read = await call(page, { method: 'get', path: `${tasks}/{id}`, summary: 'Read a task' });
  assert.equal(read.status, 200, read.body);
  assert.equal(read.url, `${API}/api/alice/tasks/${id}`);
  assert.equal(read.body, created.body);
  const list = await call(page, { method: 'get', path: tasks, summary: 'List tasks' });
  assert.equal(list.url, `${API}/api/alice/tasks`);
  assert.match(list.body, /"Buy milk in Chromium"/);

  await entry(page, 'Errors').click();
  await page.getByText('problem document (RFC 9457)').first().waitFor();
  await pictures(page, 'docs-guide');
  await fits(page);
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
