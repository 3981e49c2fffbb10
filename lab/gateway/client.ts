import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

/** Pids as the container sees them. */
export interface GatewayState {
  /** The gateway itself, and its parent. */
  readonly pid: number
  readonly ppid: number
  /** Servers that were given up, and why. */
  readonly errors: Record<string, string>
  /** Servers of which a copy for the next session is being started. */
  readonly creating: string[]
  /** What waits for the next session: roots of the trees. */
  readonly idle: { server: string; pid: number }[]
  /** What the sessions have: roots of the trees. A session has a server from its first use on. */
  readonly sessions: { id: string; servers: { server: string; pid: number }[] }[]
  /** What was made by `shape`: all processes of each tree that live. */
  readonly trees: { shape: string; role: 'legit' | 'leaked' | 'crashing' | 'parent'; pids: number[] }[]
}

/** What a shape is made of; what each kind takes stands in `program/shapes.js`. */
export interface ShapeRequest {
  /** What the trees are called in the state; the kind when left out. */
  readonly as?: string
  readonly count?: number
  /** One of the gateway's servers; the stub when left out. */
  readonly server?: string
  readonly launcher?: 'npx' | 'node'
  readonly flags?: readonly string[]
  readonly detached?: boolean
  /** False: there is no copy that is meant to be there. */
  readonly original?: boolean
  /** So many others come for each one that ends, up to three times `count`. */
  readonly respawn?: number
  readonly of?: 'leaf' | 'tree'
  readonly parent?: 'sleeper' | 'init'
  /** Milliseconds. */
  readonly dies?: number
}

/** The kinds of leaks that can be made. */
export type ShapeKind = 'copies' | 'orphans' | 'crash-loop' | 'zombies' | 'threads'

/** What `GET /metamcp/health/sessions` says. */
export interface SessionsHealth {
  readonly timestamp: string
  readonly streamableHttpSessions: { count: number; sessionIds: string[] }
  readonly metaMcpPoolStatus: {
    idle: number
    active: number
    activeSessionIds: string[]
    idleNamespaceUuids: string[]
  }
  readonly totalActiveSessions: number
}

/** An MCP session through the gateway, with the SDK's own client. */
export interface GatewaySession {
  readonly id: string
  /** Names of the tools; from now on the session has a copy of every server of the endpoint. */
  tools(): Promise<string[]>
  /** Calls `server__tool`, and returns the text that comes back. */
  call(tool: string, args?: Record<string, unknown>): Promise<string>
  /** Goes away as most clients do: the connection ends, the session does not. */
  abandon(): Promise<void>
  /** Goes away properly: DELETE. */
  end(): Promise<void>
}

export type GatewayClient = ReturnType<typeof gatewayClient>

/** The key that every endpoint takes. */
export const gatewayKey = 'sk_mt_test'

/**
 * Speaks to one gateway at `host`, as an MCP client and through its control port. `modules` is the folder with the
 * packages of the gateway: the SDK is no dependency of this project.
 */
export function gatewayClient(host: string, modules: string) {
  const base = `http://${host}:12009`

  async function control<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const signal = AbortSignal.timeout(120_000)
    const init = body ? { method, signal, body: JSON.stringify(body) } : { method, signal }
    const response = await fetch(`http://${host}:9000${path}`, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
  const state = () => control<GatewayState>('GET', '/state')

  async function open(endpoint = 'everything'): Promise<GatewaySession> {
    const { Client, StreamableHTTPClientTransport } = await sdk(modules)
    const client = new Client({ name: 'a-client', version: '1.0.0' })
    const transport = new StreamableHTTPClientTransport(new URL(`${base}/metamcp/${endpoint}/mcp`), {
      requestInit: { headers: { 'x-api-key': gatewayKey } },
    })
    await client.connect(transport)
    if (transport.sessionId === undefined) throw new Error(`${base}: gave no session id`)
    return {
      id: transport.sessionId,
      tools: async () => (await client.listTools()).tools.map(({ name }) => name),
      async call(name, args = {}) {
        const { content } = await client.callTool({ name, arguments: args })
        return content.map(({ text }) => text ?? '').join('')
      },
      abandon: () => client.close(),
      async end() {
        await transport.terminateSession()
        await client.close()
      },
    }
  }

  /** Resolves with the state when no copy is being started any more. */
  async function settled(): Promise<GatewayState> {
    for (;;) {
      const now = await state()
      if (now.creating.length === 0) return now
      await delay(50)
    }
  }

  return {
    base,
    state,
    open,

    settled,

    /** Opens sessions that use their servers and are then abandoned; their ids. All copies are up by then. */
    async abandon(count: number, endpoint?: string): Promise<string[]> {
      const ids: string[] = []
      for (let opened = 0; opened < count; opened++) {
        const session = await open(endpoint)
        await session.tools()
        await session.abandon()
        ids.push(session.id)
        // Otherwise the next one finds no idle copy, and starts one of its own.
        await settled()
      }
      return ids
    },

    async sessions(): Promise<SessionsHealth> {
      return (await fetch(`${base}/metamcp/health/sessions`)).json() as Promise<SessionsHealth>
    },

    shape: (kind: ShapeKind, request: ShapeRequest = {}) =>
      control<GatewayState>('POST', `/shapes/${kind}`, request),
    /** Kills the parents of `orphans` with `of: 'tree'`. */
    adopt: () => control<GatewayState>('POST', '/abandon', {}),
    /** Ends everything that shapes have made, or one of them. */
    clear: (shape?: string) => control<GatewayState>('POST', '/clear', { shape }),
    /** What the next DELETEs get for an answer: 429, or 500, which ends the session all the same. */
    refuse: (status: 429 | 500, times = 1) => control<GatewayState>('POST', '/refuse', { status, times }),

    /** Resolves with the state as soon as the gateway and its servers are up. */
    async ready(deadlineMs = 120_000): Promise<GatewayState> {
      const end = performance.now() + deadlineMs
      for (;;) {
        try {
          return await state()
        } catch (error) {
          if (performance.now() > end)
            throw new Error(`${host}: not ready within ${deadlineMs} ms`, { cause: error })
        }
        await delay(50)
      }
    },
  }
}

/** So much of the SDK as is used. */
interface Sdk {
  Client: new (info: {
    name: string
    version: string
  }) => {
    connect(transport: unknown): Promise<void>
    listTools(): Promise<{ tools: { name: string }[] }>
    callTool(call: { name: string; arguments: object }): Promise<{ content: { text?: string }[] }>
    close(): Promise<void>
  }
  StreamableHTTPClientTransport: new (
    url: URL,
    options: object,
  ) => { sessionId?: string; terminateSession(): Promise<void> }
}

async function sdk(modules: string): Promise<Sdk> {
  const from = (file: string): Promise<Partial<Sdk>> =>
    import(pathToFileURL(join(modules, 'node_modules/@modelcontextprotocol/sdk/dist/esm/client', file)).href)
  const { Client } = await from('index.js')
  const { StreamableHTTPClientTransport } = await from('streamableHttp.js')
  if (Client === undefined || StreamableHTTPClientTransport === undefined)
    throw new Error(`${modules}: no MCP SDK in it`)
  return { Client, StreamableHTTPClientTransport }
}
