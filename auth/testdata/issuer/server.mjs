// The real Better Auth on a free port of 127.0.0.1, for tests. It keeps
// everything in memory, says {"url": …} on standard output when it listens, and
// ends when standard input does.
//
//   node server.mjs [better-auth | neon] [EdDSA | ES256 | ES512 | RS256 | PS256]
//
// BETTER_AUTH_SECRET is its secret.
//
//   POST /control/expire?ago=<seconds>   every signing key expired that long ago
//   GET  /control/mail                   the token in the latest verification mail
import { webcrypto } from 'node:crypto'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { toNodeHandler } from 'better-auth/node'
import { admin, jwt } from 'better-auth/plugins'

globalThis.crypto ??= webcrypto // Node.js 18

const [shape = 'better-auth', alg = 'EdDSA'] = process.argv.slice(2)
const day = 24 * 60 * 60

const server = createServer((request, response) => route(request, response))
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${server.address().port}`

let mail = ''

// What the two issuers have in common.
const common = {
  baseURL: url,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [], jwks: [] }),
  emailAndPassword: { enabled: true },
  emailVerification: {
    sendOnSignUp: true,
    sendVerificationEmail: async ({ token }) => void (mail = token),
  },
  telemetry: { enabled: false },
}

const jwks = {
  keyPairConfig: { alg },
  rotationInterval: 30 * day,
  gracePeriod: 30 * day,
}

const shapes = {
  // Better Auth as people run it themselves. /api/auth/token has the JWT
  // plugin's tokens; the session_data cookie is a token too, of HS256.
  'better-auth': () =>
    betterAuth({
      ...common,
      session: { cookieCache: { enabled: true, strategy: 'jwt' } },
      plugins: [jwt({ jwks })],
    }),

  // Neon's managed Better Auth, as its documentation describes it: its paths,
  // and the admin plugin's fields in every token.
  neon: () =>
    betterAuth({
      ...common,
      basePath: '/neondb/auth',
      plugins: [
        jwt({ jwks: { ...jwks, jwksPath: '/.well-known/jwks.json' } }),
        admin({ defaultRole: 'authenticated' }),
      ],
    }),
}

const auth = shapes[shape]()
const handle = toNodeHandler(auth)

// expire does to the keys what time does: the plugin makes a new key as soon as
// none is live, and publishes an expired one for as long as gracePeriod.
async function expire(ago) {
  const { adapter } = await auth.$context
  await adapter.updateMany({
    model: 'jwks',
    where: [{ field: 'id', operator: 'ne', value: '' }],
    update: { expiresAt: new Date(Date.now() - ago * 1000) },
  })
}

async function route(request, response) {
  const { pathname, searchParams } = new URL(request.url, url)
  switch (`${request.method} ${pathname}`) {
    case 'POST /control/expire':
      await expire(Number(searchParams.get('ago')))
      return response.writeHead(204).end()
    case 'GET /control/mail':
      return response.end(mail)
    default:
      return handle(request, response)
  }
}

process.stdin.resume().on('end', () => process.exit())
console.log(JSON.stringify({ url }))
