import { randomUUID } from 'node:crypto'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const separator = '__'

/** What MCP clients and health checks talk to: the endpoints of MetaMCP's backend, with its answers. */
export function createFront({ pool, servers, endpoints, key, otherKey, refusals }) {
  /** Session id -> transport. Nothing but a DELETE takes one out. */
  const transports = new Map()

  async function open(endpoint) {
    const id = randomUUID()
    const mine = endpoints[endpoint].map((name) => servers.find((one) => one.name === name))
    const server = new Server(
      { name: `metamcp-unified-${endpoint}`, version: '1.0.0' },
      { capabilities: { tools: {} } },
    )
    server.setRequestHandler(ListToolsRequestSchema, async () => {
      const lists = await Promise.allSettled(
        mine.map(async (one) => {
          const { client } = await pool.take(id, one)
          const { tools } = await client.listTools()
          return tools.map((tool) => ({ ...tool, name: one.name + separator + tool.name }))
        }),
      )
      return { tools: lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : [])) }
    })
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      const [name, ...tool] = params.name.split(separator)
      const one = mine.find((server) => server.name === name)
      if (!one) throw new Error(`Unknown tool: ${params.name}`)
      const { client } = await pool.take(id, one)
      return client.callTool({ name: tool.join(separator), arguments: params.arguments ?? {} })
    })
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: () => id })
    transports.set(id, transport)
    await server.connect(transport)
    return transport
  }

  async function end(id) {
    await transports.get(id)?.close()
    transports.delete(id)
    await pool.end(id)
  }

  function health() {
    const sessionIds = [...transports.keys()]
    const { sessions } = pool.state()
    const active = sessions.map(({ id }) => id)
    return {
      timestamp: new Date().toISOString(),
      streamableHttpSessions: { count: sessionIds.length, sessionIds },
      metaMcpPoolStatus: {
        idle: Object.keys(endpoints).length,
        active: active.length,
        activeSessionIds: active,
        idleNamespaceUuids: Object.keys(endpoints),
      },
      totalActiveSessions: sessionIds.length + active.filter((id) => !sessionIds.includes(id)).length,
    }
  }

  /** Undefined = allowed. */
  function refuse({ headers }) {
    const given = headers['x-api-key'] ?? /^Bearer (.*)$/.exec(headers.authorization ?? '')?.[1]
    if (given === undefined)
      return [
        401,
        {
          error: 'authentication_required',
          error_description: 'Authentication required via OAuth bearer token or API key',
        },
      ]
    if (given === otherKey)
      return [403, { error: 'Access denied', message: 'This API key may not use this endpoint' }]
    if (given !== key)
      return [401, { error: 'invalid_api_key', message: 'The provided API key is invalid or inactive' }]
    return undefined
  }

  async function remove(request, response) {
    const id = request.headers['mcp-session-id']
    if (!id) return json(response, 400, { error: 'Missing sessionId' })
    const status = refusals.take()
    if (status === 429) return json(response, 429, { error: 'Too many requests' })
    await end(id)
    if (status === 500)
      return json(response, 500, { error: 'Session cleanup failed', message: 'as ordered', sessionId: id })
    return json(response, 200, {
      message: 'Session cleaned up successfully',
      sessionId: id,
      remainingSessions: [...transports.keys()],
    })
  }

  async function mcp(request, response, endpoint) {
    if (!Object.hasOwn(endpoints, endpoint)) return json(response, 404, { error: 'Endpoint not found' })
    const refusal = refuse(request)
    if (refusal) return json(response, ...refusal)
    if (request.method === 'DELETE') return remove(request, response)
    const id = request.headers['mcp-session-id']
    if (id === undefined && request.method === 'POST')
      return (await open(endpoint)).handleRequest(request, response)
    const transport = transports.get(id)
    if (!transport)
      return json(response, 404, { error: 'Session not found', available_sessions: [...transports.keys()] })
    return transport.handleRequest(request, response)
  }

  return {
    health,
    async handle(request, response) {
      const { pathname } = new URL(request.url, 'http://gateway')
      try {
        const endpoint = /^\/metamcp\/([^/]+)\/mcp$/.exec(pathname)?.[1]
        if (endpoint !== undefined) await mcp(request, response, endpoint)
        else if (pathname === '/metamcp/health/sessions') json(response, 200, health())
        // Static, as MetaMCP's own: it says nothing of sessions or servers.
        else if (pathname === '/health') json(response, 200, { status: 'ok' })
        else json(response, 404, { error: 'Not found' })
      } catch (error) {
        if (!response.headersSent)
          json(response, 500, { error: 'Internal server error', message: error.message })
      }
    },
  }
}

export function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
