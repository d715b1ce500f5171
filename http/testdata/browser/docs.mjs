// A person opens the docs page, pastes a token, creates a task, lists it, sees it.
import assert from 'node:assert/strict';
import { API, TOKEN, fits, launch, open, pictures } from './browser.mjs';
import { call, toggle } from './swagger.mjs';

const browser = await launch();
try {
  const { page, faults } = await open(browser, [API]);
  await page.goto(`${API}/docs`);
  await page.locator('.opblock').first().waitFor();
  await pictures(page, 'docs');
  await fits(page);

  await page.locator('.btn.authorize').click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('input').fill(TOKEN);
  await pictures(page, 'docs-authorize', dialog);
  await dialog.locator('.btn.authorize').click();
  await dialog.locator('.btn-done').click();
  await page.locator('.btn.authorize.locked').waitFor();

  const asAlice = (operation) => operation.getByPlaceholder('user_id').fill('alice');
  const created = await call(page, 'tasks-createTask', async (operation) => {
    await asAlice(operation);
    await operation.locator('textarea').first().fill('{"title": "Buy milk in Chromium"}');
  });
  assert.equal(created.status, 201);
  const list = await call(page, 'tasks-listTasks', asAlice);
  assert.equal(list.status, 200);
  assert.match(list.body, /"Buy milk in Chromium"/);

  await toggle(page, 'tasks-listTasks');
  const listed = page.locator('#operations-tasks-listTasks');
  await pictures(page, 'docs-try', listed);
  await pictures(page, 'docs-reply', listed.locator('.live-responses-table'));
  await fits(page);
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
