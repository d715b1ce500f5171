// Scalar's page as a person uses it.

// entry is the link of the navigation that leads to an operation or a chapter.
export const entry = (page, summary) => page.getByRole('link', { name: new RegExp(`^${summary}( |$)`) }).first();

// call opens an operation, fills it in, sends it, and returns the reply and the URL that
// it came from.
export async function call(page, { method, path, summary }, fill = async () => {}) {
  await entry(page, summary).click();
  await page.getByRole('button', { name: `(${method} ${path})` }).click();
  const client = page.getByRole('dialog', { name: 'API Client' });
  await fill(client);
  const [reply] = await Promise.all([
    page.waitForResponse((response) => response.request().method().toLowerCase() === method),
    client.getByRole('button', { name: /^Send/ }).first().click(),
  ]);
  const status = reply.status();
  // What the person sees, too.
  await client.getByText(new RegExp(`^${status} `)).first().waitFor();
  // A stream of changes does not end, and is shown as it comes.
  const ends = status !== 204 && !reply.headers()['content-type'].startsWith('text/event-stream');
  const body = ends ? await reply.text() : '';
  await page.keyboard.press('Escape');
  await client.waitFor({ state: 'hidden' });
  return { status, body, url: reply.url() };
}
