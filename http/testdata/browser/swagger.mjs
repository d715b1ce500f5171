// Swagger UI's page as a person uses it.

// toggle opens or closes an operation.
export const toggle = (page, id) => page.locator(`#operations-${id} .opblock-summary-control`).click();

// call opens an operation, fills it in, executes it, reads the reply and closes it:
// Swagger UI gets slow where many are open.
export async function call(page, id, fill = async () => {}) {
  await toggle(page, id);
  const operation = page.locator(`#operations-${id}`);
  await fill(operation);
  await operation.locator('.btn.execute').click();
  const live = operation.locator('.live-responses-table tbody');
  await live.locator('.response-col_status').waitFor();
  const reply = {
    status: parseInt(await live.locator('.response-col_status').innerText(), 10),
    body: await live.locator('.response-col_description').innerText(),
  };
  await toggle(page, id);
  return reply;
}
