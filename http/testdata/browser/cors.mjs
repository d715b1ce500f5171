// Pages of allowed origins use the API; pages of other origins cannot.
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

async function fromAnAllowedOrigin(browser, origin) {
  const { page, faults } = await open(browser, [origin, API]);
  await page.goto(origin);
  const body = JSON.stringify({ title: 'across origins' });
  const key = { 'Idempotency-Key': `of a page of ${new URL(origin).hostname}`.replaceAll(' ', '-') };
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
  // What tracing and monitoring add to every request.
  const observed = {
    ...json, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b', baggage: 'a=b',
    'sentry-trace': '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1', 'x-requested-with': 'XMLHttpRequest', 'X-Any-At-All': 'x',
  };
  has(await send(page, `${tasks}?limit=2`, { headers: observed }), 200, 'etag');
  has(await send(page, `${API}/api/alice/export`, { headers: authorized }), 200, 'content-disposition');
  // A page that sends its cookies along may not read the reply: there are no credentials.
  assert.match((await send(page, tasks, { headers: authorized, credentials: 'include' })).refused ?? '', /TypeError/);
  has(await send(page, tasks), 401, 'www-authenticate');
  has(await send(page, API + created.headers.location, { method: 'DELETE', headers: authorized }), 204);
  // Chromium itself notes each status of 400 and above, and what it refuses.
  assert.deepEqual(faults.filter((fault) => !/status of 4(01|12)|Access-Control-Allow-Credentials|net::ERR_FAILED/.test(fault)), []);
}

async function fromAForeignOrigin(browser, origin) {
  const { page } = await open(browser, [origin, API]);
  await page.goto(origin);
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
  for (const origin of ALLOWED.split(' ')) await fromAnAllowedOrigin(browser, origin);
  for (const origin of FOREIGN.split(' ')) await fromAForeignOrigin(browser, origin);
} finally {
  await browser.close();
}
