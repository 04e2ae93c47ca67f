// Mercurius with graphql-jit and its loaders over the same tables: what a Node shop would write by hand.
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { createSigner, createVerifier } from 'fast-jwt'
import pg from 'pg'

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8')
const setup = JSON.parse(readFileSync(process.env.BENCH_SETUP, 'utf8'))
const pool = new pg.Pool({ max: setup.connections })

// Prepared once a connection, by name.
const statements = {}
for (const block of read('./statements.sql').split(/^-- name: /m).slice(1)) {
  const name = block.slice(0, block.indexOf('\n')).trim()
  statements[name] = block.slice(block.indexOf('\n'))
}
const ask = async (name, values, on = pool) => (await on.query({ name, text: statements[name], values })).rows

const verify = createVerifier({ key: setup.publicKey, algorithms: ['RS256'], allowedIss: setup.issuer, cache: false })
const sign = createSigner({ key: setup.privateKey, algorithm: 'RS256', kid: setup.kid })

async function caller(header) {
  if (!header) return {}
  const claims = verify(header)
  const id = Number(claims.sub.slice(claims.sub.indexOf(':') + 1))
  const isStaff = claims.sub.startsWith('kraken|support-user:')
  const found = await ask(isStaff ? 'staff' : 'customer', [id, claims.iat])
  if (!found.length) throw new Error('the token is no longer good')
  return isStaff ? { staff: id } : { user: id }
}

const account = (row) => ({
  id: row.id, number: row.number, status: row.status, brand: row.brand,
  billingName: row.billing_name, billingAddressPostcode: row.billing_postcode
})
const transaction = (row) => ({
  node: {
    id: row.id, postedDate: row.posted_date, title: row.title, amount: row.amount,
    balanceCarriedForward: row.balance_carried_forward
  }
})
const portfolio = (row) => ({ id: row.id, number: row.number, brand: row.brand, name: row.name })
const moment = (at) => at.toISOString().replace(/\.000Z$/, '+00:00')

const tokyo = (at) => new Date(at.getTime() + 9 * 3600e3).toISOString().replace('.000Z', '+09:00')
const midnight = (day, offset) => `${day}T00:00:00+0${offset}:00`

const idsOf = (queries) => [...new Set(queries.map(({ obj }) => obj.id))]
function grouped(rows, by, shape) {
  const groups = new Map()
  for (const row of rows) {
    const group = groups.get(row[by])
    if (group) group.push(shape(row))
    else groups.set(row[by], [shape(row)])
  }
  return groups
}
const listed = (queries, groups) => queries.map(({ obj }) => groups.get(obj.id) ?? [])

function transactionsBy(statement) {
  return async (queries) => {
    const rows = await ask(statement, [idsOf(queries), queries[0].params.first])
    return listed(queries, grouped(rows, 'parent', transaction)).map((edges) => ({ edges }))
  }
}

const loaders = {
  AccountType: {
    async balance(queries) {
      const known = new Map((await ask('balances', [idsOf(queries)])).map((row) => [row.account_id, row.balance]))
      return queries.map(({ obj }) => known.get(obj.id) ?? 0)
    },
    async ledgers(queries) {
      return listed(queries, grouped(await ask('ledgers', [idsOf(queries)]), 'account_id', (row) => row))
    },
    async users(queries) {
      const user = (row) => ({ id: row.id, givenName: row.given_name, familyName: row.family_name, email: row.email })
      return listed(queries, grouped(await ask('users', [idsOf(queries)]), 'account_id', user))
    },
    transactions: transactionsBy('account_transactions'),
    async properties(queries) {
      return listed(queries, grouped(await ask('properties', [idsOf(queries)]), 'account_id', (row) => row))
    }
  },
  PropertyType: {
    async electricityMeterPoints(queries) {
      const point = (row) => ({ id: row.id, mpan: row.identifier })
      return listed(queries, grouped(await ask('points', [idsOf(queries), ['gb', 'au', 'us']]), 'property_id', point))
    },
    async electricitySupplyPoints(queries) {
      const point = (row) => ({ id: row.id, spin: row.identifier })
      return listed(queries, grouped(await ask('points', [idsOf(queries), ['jp']]), 'property_id', point))
    }
  },
  MeterPointType: {
    async agreements(queries) {
      const agreement = (row) => ({
        id: row.id, validFrom: moment(row.valid_from), validTo: row.valid_to && moment(row.valid_to)
      })
      return listed(queries, grouped(await ask('agreements', [idsOf(queries)]), 'supply_point_id', agreement))
    }
  },
  JapanesePointType: {
    async halfHourlyReadings(queries) {
      const { fromDatetime, toDatetime } = queries[0].params
      const halfHour = (row) => ({
        startAt: tokyo(row.start_at), endAt: tokyo(new Date(row.start_at.getTime() + 1800e3)),
        value: (row.wh / 1000).toFixed(3)
      })
      const rows = await ask('half_hours', [idsOf(queries), fromDatetime, toDatetime])
      return listed(queries, grouped(rows, 'supply_point_id', halfHour))
    }
  },
  LedgerType: { transactions: transactionsBy('ledger_transactions') },
  PortfolioType: {
    async operationsTeam(queries) {
      const teams = await ask('teams', [queries.map(({ obj }) => obj.team)])
      return queries.map(({ obj }) => teams.find((team) => team.id === obj.team) ?? null)
    },
    async leadAccountNumber(queries) {
      const leads = await ask('lead_accounts', [queries.map(({ obj }) => obj.lead)])
      return queries.map(({ obj }) => leads.find((lead) => lead.id === obj.lead)?.number ?? null)
    },
    async depth(queries, { above }) {
      return listed(queries, await above(queries)).map((list) => list.length)
    },
    async parent(queries, { above }) {
      return listed(queries, await above(queries)).map((list) => list.at(-1) ?? null)
    },
    async ancestors(queries, { above }) {
      return listed(queries, await above(queries)).map((list) => ({
        totalCount: list.length, edges: list.slice(0, queries[0].params.first).map((node) => ({ node }))
      }))
    },
    async descendants(queries, { user }) {
      const rows = await ask('portfolios_below', [idsOf(queries), user, queries[0].params.first])
      const groups = grouped(rows, 'parent', (row) => ({ node: portfolio(row), total: row.total }))
      return listed(queries, groups).map((edges) => ({ totalCount: edges[0]?.total ?? 0, edges }))
    },
    async accounts(queries, { reply }) {
      // The total is counted only where it is asked for.
      const counts = reply.request.body.query.includes('totalCount')
      const [rows, totals] = await Promise.all([
        ask('portfolio_accounts', [idsOf(queries), queries[0].params.first]),
        counts ? ask('portfolio_account_totals', [idsOf(queries)]) : []
      ])
      const total = new Map(totals.map((row) => [row.portfolio_id, row.total]))
      const edges = listed(queries, grouped(rows, 'parent', (row) => ({ node: account(row) })))
      return queries.map(({ obj }, at) => ({ totalCount: total.get(obj.id) ?? 0, edges: edges[at] }))
    }
  }
}

const resolvers = {
  SupplyPointType: { readings: ({ id }, { startAt, endAt }) => ({ id, startAt, endAt }) },
  ReadingsType: {
    async importReadings({ id, startAt, endAt }, { first }) {
      const rows = await ask('days', [id, startAt, endAt, first])
      return {
        edges: rows.map((row) => ({
          node: {
            intervalStart: midnight(row.day, row.starts), intervalEnd: midnight(row.next, row.ends),
            value: (row.wh / 1000).toFixed(3)
          }
        }))
      }
    }
  },
  Query: {
    async account(_, { accountNumber }, { user }) {
      const [row] = await ask('account', [user, accountNumber])
      return row ? account(row) : null
    },
    async supplyPoint(_, { externalIdentifier, marketName }, { user }) {
      return (await ask('point', [user, marketName, externalIdentifier]))[0] ?? null
    },
    async portfolio(_, { portfolioNumber }, { user }) {
      const [row] = await ask('portfolio', [user, portfolioNumber])
      if (!row) return null
      return {
        ...portfolio(row), createdAt: moment(row.created_at), updatedAt: moment(row.updated_at),
        billingName: row.billing_name, collectiveBilling: row.collective_billing,
        team: row.operations_team_id, lead: row.lead_account_id
      }
    }
  },
  Mutation: {
    createAccountCharge: (_, { input }, { staff }) => charge(staff, input),
    obtainKrakenToken: (_, { input }) => logIn(input.APIKey)
  }
}

// VAT that is in a gross amount, halves to the even penny; as the server's market data has it.
function taxIn(gross, percent) {
  const whole = Math.floor((gross * percent) / (100 + percent))
  const twice = 2 * (gross * percent - whole * (100 + percent))
  return whole + (twice > 100 + percent || (twice === 100 + percent && whole % 2 === 1) ? 1 : 0)
}

async function charge(staff, input) {
  if (!staff) throw new Error('only staff may')
  const on = await pool.connect()
  try {
    await on.query('begin')
    const [target] = await ask('charge_target', [input.accountNumber, input.reason], on)
    const percent = target.account_type === 'BUSINESS' ? 20 : 5
    const gross = input.grossAmount
    const tax = target.is_tax_exempt ? 0 : taxIn(gross, percent)
    const legs = [[target.ledger_id, -gross], [target.books[0], gross - tax], [target.books[1], tax]].filter((leg) => leg[1])
    const held = new Map((await ask('lock_balances', [legs.map((leg) => leg[0])], on)).map((row) => [row.ledger_account_id, row]))
    const sequences = legs.map(([id]) => Number(held.get(id).last_sequence) + 1)
    const balances = legs.map(([id, amount]) => Number(held.get(id).balance) + amount)
    const [posted] = await ask('post_entry', [
      target.currency, legs.map((leg) => leg[0]), sequences, legs.map((leg) => leg[1]), balances,
      target.ledger_id, sequences[0], gross, gross - tax, tax, target.display, input.note, input.reason
    ], on)
    const facts = {
      transactionId: posted.id, journalEntryId: posted.journal_entry_id, kind: 'charge', entryKind: 'charge',
      currency: target.currency, amount: gross, netAmount: gross - tax, taxAmount: tax,
      postedDate: posted.posted_date, reasonCode: input.reason
    }
    await ask('tell', [target.ledger_id, JSON.stringify(facts)], on)
    await ask('audit', [staff, input.accountNumber], on)
    await on.query('commit')
    return {
      accountCharge: {
        netAmount: gross - tax, salesTaxAmount: tax, grossAmount: gross, reason: input.reason, note: input.note
      }
    }
  } catch (error) {
    await on.query('rollback')
    throw error
  } finally {
    on.release()
  }
}

const digest = (secret) => createHash('sha256').update(secret).digest()

async function logIn(key) {
  const on = await pool.connect()
  try {
    await on.query('begin')
    const [owner] = await ask('key_owner', [digest(key)], on)
    if (!owner) throw new Error('wrong key')
    const iat = Math.max(Math.floor(Date.now() / 1000), owner.valid_from)
    const token = sign({
      sub: `kraken|account-user:${owner.id}`, gty: 'API-KEY', email: owner.email, tokenUse: 'access',
      iss: setup.issuer, iat, exp: iat + 3600, origIat: iat
    })
    const refreshToken = randomBytes(32).toString('hex')
    await ask('keep_refresh_token', [digest(refreshToken), refreshToken.slice(0, 8), owner.id], on)
    await on.query('commit')
    return { token, refreshToken }
  } catch (error) {
    await on.query('rollback')
    throw error
  } finally {
    on.release()
  }
}

const app = Fastify()
app.register(mercurius, {
  schema: read('./schema.graphql'), resolvers, loaders, jit: 1, path: '/graphql',
  context: async (request) => {
    const who = await caller(request.headers.authorization)
    let known // `depth`, `parent` and `ancestors` ask the same.
    const above = (queries) => {
      known ??= ask('portfolios_above', [idsOf(queries), who.user]).then((rows) => grouped(rows, 'origin', portfolio))
      return known
    }
    return { ...who, above }
  }
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
