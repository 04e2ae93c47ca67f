// PostGraphile 5 as its documentation sets it up: the amber preset over a schema of views, who is calling from a token
// as settings of the transaction, log-in tokens signed by its own plugin.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import jwt from 'jsonwebtoken'
import { postgraphile } from 'postgraphile'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'

const setup = JSON.parse(readFileSync(process.env.BENCH_SETUP, 'utf8'))

function caller(header) {
  if (!header) return {}
  const claims = jwt.verify(header, setup.publicKey, { algorithms: ['RS256'], issuer: setup.issuer })
  const id = claims.sub.slice(claims.sub.indexOf(':') + 1)
  return claims.sub.startsWith('kraken|support-user:') ? { 'bench.staff': id } : { 'bench.user': id }
}

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({
    poolConfig: {
      host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE, max: setup.connections
    },
    schemas: ['bench_peer']
  })],
  gather: { pgJwtTypes: 'bench_peer.jwt_token' },
  schema: {
    pgJwtSecret: setup.privateKey,
    pgJwtSignOptions: { algorithm: 'RS256', keyid: setup.kid },
    defaultBehavior: '+list +connection +single'
  },
  grafserv: { graphiql: false, websockets: false, graphqlPath: '/graphql' },
  grafast: {
    context: ({ node }) => ({ pgSettings: caller(node?.req.headers.authorization) }),
    explain: false
  }
}

const server = createServer()
server.on('error', (error) => { console.error(error); process.exit(1) })
const pgl = postgraphile(preset)
if (process.env.BENCH_PRINT) {
  const { printSchema } = await import('postgraphile/graphql')
  console.log(printSchema(await pgl.getSchema()))
  process.exit(0)
}
await pgl.createServ(grafserv).addTo(server)
server.listen(Number(process.env.PORT), '127.0.0.1')
