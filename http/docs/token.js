// bare is a token without the scheme that people copy along with it, or the quotes.
const bare = (text) => text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '').replace(/^(["'])(.*)\1$/, '$2');

// decode reads a part of a JWT (RFC 7515: base64url of JSON in UTF-8).
function decode(part) {
  const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (byte) => byte.charCodeAt(0))));
}

// userOf returns the user of a token, undefined if it has none. `claims` has the user
// claim for each algorithm: the claim of that very name, else a dotted path into objects,
// as the server reads it. Nothing is verified here: the server does that.
function userOf(token, claims) {
  try {
    const [header, payload] = token.split('.', 2).map(decode);
    const claim = claims[header.alg] ?? 'sub';
    const user = Object.hasOwn(payload, claim) ? payload[claim] : claim.split('.').reduce((object, name) => object?.[name], payload);
    return ['string', 'number'].includes(typeof user) && user !== '' ? String(user) : undefined;
  } catch {
    return undefined; // not a JWT, or not yet: it is being typed
  }
}
