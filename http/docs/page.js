// The page: Scalar's reference of the contract, in which the operations come first, and
// what follows the token: {user_id} is its user, {id} the newest task of that user.
const settings = JSON.parse(document.getElementById('settings').textContent);

// The API is where this script came from: a proxy may have put a prefix before it.
const base = new URL('..', document.currentScript.src).href.replace(/\/$/, '');

const isPage = (operation) => operation?.responses['200']?.$ref === '#/components/responses/Page';

// arrange makes of the contract what the page shows.
function arrange(contract, { user, id }) {
  const arranged = structuredClone(contract);
  arranged.servers = [{ url: base }];
  // A reply that is a page would be shown in a frame, which the policy refuses.
  for (const [path, { get }] of Object.entries(arranged.paths)) {
    if (isPage(get)) delete arranged.paths[path];
  }
  for (const [name, parameter] of Object.entries(arranged.components.parameters)) {
    // Scalar sends every parameter for which it finds a value. All filters at once find
    // nothing, and an Idempotency-Key of everybody's is nobody's, so the optional ones are
    // empty.
    parameter.example = parameter.required ? { user_id: user, id }[name] ?? parameter.schema.examples[0] : '';
  }
  // The essay goes below the operations, a chapter an entry of the navigation.
  const chapters = arranged.info.description.split(/^## /m).filter(Boolean).map((text) => {
    const [name, ...rest] = text.split('\n');
    return { name, description: rest.join('\n').trim() };
  });
  arranged.info.description = `${arranged.info.summary} Paste a token, and \`user_id\` and \`id\` are filled in.`
    + ` The contract: [openapi.yaml](${base}/openapi.yaml), [openapi.json](${base}/openapi.json).`;
  delete arranged.info.summary;
  arranged['x-tagGroups'] = [
    { name: 'Operations', tags: arranged.tags.map(({ name }) => name) },
    { name: 'Guide', tags: chapters.map(({ name }) => name) },
  ];
  arranged.tags.push(...chapters);
  return arranged;
}

async function main() {
  const contract = await (await fetch(`${base}/openapi.json`)).json();
  const known = { token: settings.token, user: settings.user || userOf(settings.token, settings.claims), id: undefined };

  const configuration = () => ({
    content: arrange(contract, known),
    authentication: {
      preferredSecurityScheme: 'bearerAuth',
      securitySchemes: { bearerAuth: { token: known.token } },
    },
    // Nothing leaves this origin, and nothing is kept in the browser.
    withDefaultFonts: false, telemetry: false, persistAuth: false, hideClientButton: true,
    agent: { disabled: true }, mcp: { disabled: true },
    showDeveloperTools: 'never', documentDownloadType: 'none',
    defaultOpenAllTags: true, hideModels: true,
    onResponseReceived: received,
  });

  // newest finds the newest task's id, if there is one and the token is good.
  async function newest() {
    const reply = await fetch(`${base}/api/${encodeURIComponent(known.user)}/tasks?limit=1`, {
      headers: { Authorization: `Bearer ${known.token}` },
    });
    known.id = reply.ok ? (await reply.json())[0]?.id : undefined;
  }

  // received follows what the page itself changed.
  async function received({ request, response }) {
    if (request.method === 'GET' || !response.ok || !known.user) return;
    const before = known.id;
    await newest();
    if (known.id !== before) reference.updateConfiguration(configuration());
  }

  const reference = Scalar.createApiReference('#reference', configuration());

  // Before Scalar sees it, so that it never has the scheme.
  document.addEventListener('input', async ({ target }) => {
    if (!target.matches('.scalar-password-input')) return;
    const token = bare(target.value);
    if (token !== target.value) target.value = token;
    const user = userOf(token, settings.claims);
    if (!user || token === known.token) return;
    Object.assign(known, { token, user });
    await newest();
    reference.updateConfiguration(configuration());
  }, { capture: true });

  if (known.user && known.token) {
    await newest();
    reference.updateConfiguration(configuration());
  }
}

main();
