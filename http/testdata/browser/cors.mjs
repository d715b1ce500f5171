// A page of an allowed origin uses the API; a page of another origin cannot.
import assert from 'node:assert/strict';
import { API, TOKEN, launch, open } from './browser.mjs';

const { ALLOWED, FOREIGN } = process.env;
const tasks = `${API}/api/alice/tasks`;
const authorized = { Authorization: `Bearer ${TOKEN}` };
const json = { ...authorized, 'Content-Type': 'application/json' };

// send is fetch as the page calls it, with what it may read of the reply.
const send = (page, url, init) => page.evaluate(async ([url, init]) => {
  try {
    const reply = await fetch(url, init);
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() };
  } catch (error) {
    return { refused: String(error) };
  }
}, [url, init]);

const has = (reply, status, ...headers) => {
  assert.equal(reply.status, status, JSON.stringify(reply));
  for (const name of [...headers, 'x-request-id']) assert.ok(reply.headers[name], `${name} cannot be read: ${JSON.stringify(reply)}`);
};

async function fromAnAllowedOrigin(browser) {
  const { page, faults } = await open(browser, [ALLOWED, API]);
  await page.goto(ALLOWED);
  const body = JSON.stringify({ title: 'across origins' });
  const key = { 'Idempotency-Key': '019a9f0e-6b7e-7cc1-8a4e-2f6f3c9d1b20' };
  const created = await send(page, tasks, { method: 'POST', headers: { ...json, ...key }, body });
  has(created, 201, 'etag', 'location', 'server-timing');
  has(await send(page, tasks, { method: 'POST', headers: { ...json, ...key }, body }), 200, 'etag');

  const edit = { method: 'PUT', headers: { ...json, 'If-Match': created.headers.etag }, body: JSON.stringify({ completed: true }) };
  has(await send(page, API + created.headers.location, edit), 200, 'etag', 'server-timing');
  assert.deepEqual(faults, []);
  has(await send(page, API + created.headers.location, edit), 412);

  has(await send(page, tasks, { method: 'POST', headers: json, body }), 201);
  const list = await send(page, `${tasks}?limit=1`, { headers: authorized });
  has(list, 200, 'etag', 'link', 'server-timing');
  // Past the browser's own cache, which would make a 200 of a 304.
  const unchanged = { cache: 'no-store', headers: { ...authorized, 'If-None-Match': list.headers.etag } };
  has(await send(page, `${tasks}?limit=1`, unchanged), 304, 'etag');
  has(await send(page, tasks), 401, 'www-authenticate');
  has(await send(page, API + created.headers.location, { method: 'DELETE', headers: authorized }), 204);
  // Chromium itself notes each status of 400 and above.
  assert.deepEqual(faults.filter((fault) => !/status of 4(01|12)/.test(fault)), []);
}

async function fromAForeignOrigin(browser) {
  const { page } = await open(browser, [FOREIGN, API]);
  await page.goto(FOREIGN);
  const create = { method: 'POST', headers: json, body: JSON.stringify({ title: 'from a foreign origin' }) };
  assert.match((await send(page, tasks, create)).refused ?? '', /TypeError/);
  assert.match((await send(page, tasks, { headers: authorized })).refused ?? '', /TypeError/);
  assert.match((await send(page, `${API}/health`)).refused ?? '', /TypeError/);
  // The contract is no secret.
  const contract = await send(page, `${API}/openapi.yaml`);
  assert.equal(contract.status, 200, JSON.stringify(contract));
  assert.match(contract.body, /^openapi: 3\.1/);
}

const browser = await launch();
try {
  await fromAnAllowedOrigin(browser);
  await fromAForeignOrigin(browser);
} finally {
  await browser.close();
}
