// Where a demo user is filled in, every call can be tried as it stands.
import assert from 'node:assert/strict';
import { API, launch, open } from './browser.mjs';
import { call } from './swagger.mjs';

const browser = await launch();
try {
  const { page, faults } = await open(browser, [API]);
  await page.goto(`${API}/docs`);
  await page.locator('.btn.authorize.locked').waitFor();
  const operations = page.locator('.opblock');
  await operations.first().waitFor();
  const refused = {
    'tasks-completeTasks': 400, // without a filter
    'tasks-clearTasks': 400,
    'tasks-completeTask': 404, // of the task that was just deleted
  };
  for (const id of await operations.evaluateAll((all) => all.map((one) => one.id.replace('operations-', '')))) {
    const { status, body } = await call(page, id);
    assert.ok(refused[id] ? status === refused[id] : status < 300, `${id}: ${status} ${body}`);
  }
  // Chromium itself notes each status of 400 and above.
  assert.deepEqual(faults.filter((fault) => !/status of 40[04]/.test(fault)), []);
} finally {
  await browser.close();
}
