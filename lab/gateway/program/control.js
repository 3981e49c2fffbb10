import { json } from './front.js'
import { readStat } from './proc.js'

/**
 * What tests steer by, on a port of its own. GET /state; POST /shapes/<kind>, /abandon, /clear, /refuse. Every answer
 * comes after the processes are up, or gone.
 */
export function createControl({ pool, shapes, refusals }) {
  const state = () => ({
    pid: process.pid,
    ppid: readStat(process.pid).ppid,
    ...pool.state(),
    trees: shapes.state(),
  })

  async function answer(method, path, body) {
    if (method === 'GET' && path === '/state') return state()
    const [, verb, kind] = path.split('/')
    if (method !== 'POST') throw new Error(`${method} ${path}: unknown`)
    if (verb === 'shapes') await shapes.make(kind, body)
    else if (verb === 'abandon') await shapes.abandon()
    else if (verb === 'clear') await shapes.clear(body.shape)
    else if (verb === 'refuse') Object.assign(refusals, { status: body.status, left: body.times ?? 1 })
    else throw new Error(`${path}: unknown`)
    return state()
  }

  return async (request, response) => {
    // No connection is kept: one that the server closes while a client uses it again fails a test for nothing.
    response.setHeader('connection', 'close')
    try {
      let text = ''
      for await (const chunk of request.setEncoding('utf8')) text += chunk
      json(response, 200, await answer(request.method, request.url, text ? JSON.parse(text) : {}))
    } catch (error) {
      json(response, 400, { error: error.message })
    }
  }
}
