import { createServer, type IncomingMessage, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerSpec, StartResult, State } from './protocol.ts'
import type { Trees } from './trees.ts'

/** So many trees come up at the same time: on two cores 16 at once took a third longer. */
const parallel = 8
const maxCount = 1000
const maxBodyBytes = 65_536

export interface Parts {
  servers: ServerSpec[]
  trees: Trees
  stubborn: { get(): boolean; set(on: boolean): void }
}

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

type Body = Record<string, unknown>

async function readBody(request: IncomingMessage): Promise<Body> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk
    if (text.length > maxBodyBytes) throw new Refusal(413, `body: at most ${maxBodyBytes} bytes`)
  }
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw new Refusal(400, 'body: JSON is wanted')
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, 'body: an object is wanted')
  return body as Body
}

function integer(body: Body, key: string, min: number, max: number, fallback: number): number {
  const value = body[key] ?? fallback
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw new Refusal(400, `${key}: an integer from ${min} to ${max} is wanted`)
}

function flag(body: Body): boolean {
  if (typeof body.on !== 'boolean') throw new Refusal(400, 'on: true or false is wanted')
  return body.on
}

function findServer(servers: ServerSpec[], body: Body): ServerSpec {
  if (typeof body.server !== 'string') throw new Refusal(400, 'server: a string is wanted')
  const wanted = body.args === undefined ? undefined : JSON.stringify(body.args)
  const found = servers.find(
    ({ name, args }) => name === body.server && (wanted === undefined || JSON.stringify(args) === wanted),
  )
  if (found) return found
  const known = servers.map(({ name, args }) => [name, ...args].join(' ')).join(', ')
  throw new Refusal(404, `server: unknown, there are: ${known}`)
}

/** Runs `count` starts and sums them up; a failure is an answer, not an error. */
async function startMany(count: number, everyMs: number, start: () => Promise<void>): Promise<StartResult> {
  const errors = new Set<string>()
  let failed = 0
  const one = () =>
    start().catch((error: Error) => {
      failed += 1
      errors.add(error.message)
    })
  if (everyMs > 0) {
    const running: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      if (i > 0) await delay(everyMs)
      running.push(one())
    }
    await Promise.all(running)
  } else {
    let left = count
    const worker = async () => {
      while (left-- > 0) await one()
    }
    await Promise.all(Array.from({ length: Math.min(parallel, count) }, worker))
  }
  return { started: count - failed, failed, errors: [...errors] }
}

function state({ trees, stubborn }: Parts): State {
  const { respawn, respawned, respawnsFailed } = trees
  return {
    pid: process.pid,
    respawn,
    stubborn: stubborn.get(),
    respawned,
    respawnsFailed,
    children: trees.state(),
  }
}

async function answer(parts: Parts, request: IncomingMessage): Promise<unknown> {
  const { servers, trees, stubborn } = parts
  const path = request.url?.split('?', 1)[0] ?? ''
  const post: Record<string, (body: Body) => unknown> = {
    '/leak': (body) => {
      const spec = findServer(servers, body)
      const everyMs = integer(body, 'everyMs', 0, 60_000, 0)
      return startMany(integer(body, 'count', 1, maxCount, 1), everyMs, () => trees.start(spec, 'leaked'))
    },
    '/orphan': (body) => {
      const spec = findServer(servers, body)
      return startMany(integer(body, 'count', 1, maxCount, 1), 0, () => trees.startOrphan(spec))
    },
    '/respawn': (body) => {
      trees.respawn = flag(body)
      return { respawn: trees.respawn }
    },
    '/stubborn': (body) => {
      stubborn.set(flag(body))
      return { stubborn: stubborn.get() }
    },
  }
  const handler = Object.hasOwn(post, path) ? post[path] : undefined
  if (path !== '/state' && !handler) {
    throw new Refusal(404, `no ${path}; there are GET /state, POST ${Object.keys(post).join(', ')}`)
  }
  const method = handler ? 'POST' : 'GET'
  if (request.method !== method) throw new Refusal(405, `${path}: ${method} is wanted`)
  return handler ? handler(await readBody(request)) : state(parts)
}

export function controlServer(parts: Parts): Server {
  return createServer(async (request, response) => {
    // No connection is kept: one that the server closes while a client reuses it fails a test for nothing.
    response.setHeader('connection', 'close').setHeader('content-type', 'application/json')
    try {
      const result = await answer(parts, request)
      response.end(JSON.stringify(result))
      if (request.method === 'POST') console.log(request.url, JSON.stringify(result))
    } catch (error) {
      response.statusCode = error instanceof Refusal ? error.status : 500
      response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }))
    }
  })
}
