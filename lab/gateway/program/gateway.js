import { createServer } from 'node:http'
import { createControl } from './control.js'
import { createFront } from './front.js'
import { createPool } from './pool.js'
import { createShapes } from './shapes.js'

/**
 * GATEWAY_SERVERS    JSON: [{name, command, args, env, idle}]; `idle`: so many are kept ready, 1 when left out
 * GATEWAY_ENDPOINTS  JSON: {endpoint: [server, ...]}; left out: one per server, and `all`
 * GATEWAY_ON_CRASH   error (as MetaMCP: the whole server is given up) or ignore
 * GATEWAY_API_KEY    what clients have to show
 */
const {
  GATEWAY_SERVERS,
  GATEWAY_ENDPOINTS,
  GATEWAY_ON_CRASH = 'error',
  GATEWAY_API_KEY = 'sk_mt_test',
  GATEWAY_MOST = '100',
} = process.env

const npx = (name, ...args) => ({
  name,
  command: 'npx',
  args: ['-y', `@modelcontextprotocol/server-${name}`, ...args],
})
const usual = [npx('everything'), npx('filesystem', '/tmp'), npx('memory'), npx('sequential-thinking')]

const servers = GATEWAY_SERVERS ? JSON.parse(GATEWAY_SERVERS) : usual
const names = servers.map(({ name }) => name)
const endpoints = GATEWAY_ENDPOINTS
  ? JSON.parse(GATEWAY_ENDPOINTS)
  : { ...Object.fromEntries(names.map((name) => [name, [name]])), all: names }

/** What the next DELETEs get for an answer. */
const refusals = {
  status: undefined,
  left: 0,
  take: () => (refusals.left-- > 0 ? refusals.status : undefined),
}

const pool = createPool(servers, { onCrash: GATEWAY_ON_CRASH, most: Number(GATEWAY_MOST) })
const front = createFront({
  pool,
  servers,
  endpoints,
  key: GATEWAY_API_KEY,
  otherKey: 'sk_mt_other',
  refusals,
})
const shapes = createShapes(servers)
const control = createControl({ pool, shapes, refusals })

await pool.warm()
// 12009 is the backend. 12008 is the front end in MetaMCP, which only passes on.
for (const [port, handle] of [
  [12009, front.handle],
  [12008, front.handle],
  [9000, control],
])
  createServer(handle).listen(port, '0.0.0.0')
console.log(`${servers.length} servers, endpoints ${Object.keys(endpoints).join(', ')}`)
