// Scalar's page as a person uses it.

// entry is the link of the navigation that leads to an operation or a chapter.
export const entry = (page, summary) => page.getByRole('link', { name: new RegExp(`^${summary}( |$)`) }).first();

// call opens an operation, fills it in, sends it, and returns the reply and the URL that
// it came from.
export async function call(page, { method, path, summary }, fill = async () => {}) {
  const sent = new RegExp(`${path.replace(/\{\w+\}/g, '[^/]+')}$`);
  await entry(page, summary).click();
  await page.getByRole('button', { name: `(${method} ${path})` }).click();
  const client = page.getByRole('dialog', { name: 'API Client' });
  await fill(client);
  const [reply] = await Promise.all([
    page.waitForResponse((response) => response.request().method().toLowerCase() === method && sent.test(new URL(response.url()).pathname)),
    client.getByRole('button', { name: /^Send/ }).first().click(),
  ]);
  const status = reply.status();
  // What the person sees, too.
  await client.getByText(new RegExp(`^${status} `)).first().waitFor();
  // A stream of changes does not end, and is shown as it comes.
  const ends = status !== 204 && !reply.headers()['content-type'].startsWith('text/event-stream');
  const body = ends ? await within(60_000, `the body of ${method} ${path}`, reply.text()) : '';
  await page.keyboard.press('Escape');
  await client.waitFor({ state: 'hidden' });
  return { status, body, url: reply.url() };
}

// within fails where what has no time limit of its own takes longer.
function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come in ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
