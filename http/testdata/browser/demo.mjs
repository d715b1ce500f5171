// Where a demo user is filled in, every call can be tried as it stands.
import assert from 'node:assert/strict';
import { API, launch, open } from './browser.mjs';
import { call } from './scalar.mjs';

const browser = await launch();
try {
  const { page, faults } = await open(browser, [API]);
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto(`${API}/docs`);
  await page.getByText('/api/demo/tasks').first().waitFor();
  const refused = { completeTasks: 400, clearTasks: 400 }; // without a filter
  const { paths } = await (await fetch(`${API}/openapi.json`)).json();
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { operationId, summary, responses }] of Object.entries(methods)) {
      if (responses['200']?.$ref?.endsWith('/Page')) continue; // to be opened, not called
      const { status, body, url } = await call(page, { method, path, summary });
      assert.ok(refused[operationId] ? status === refused[operationId] : status < 300, `${operationId}: ${url}: ${status} ${body}`);
    }
  }
  // Chromium itself notes each status of 400 and above, Scalar a stream that is closed.
  assert.deepEqual(faults.filter((fault) => !/status of 400|Error reading stream: The request has been cancelled/.test(fault)), []);
} finally {
  await browser.close();
}
