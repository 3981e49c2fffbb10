import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioTransport, startServer } from './stdio.js'

/**
 * The connections to the servers, as MetaMCP's mcp-server-pool keeps them: one idle per server (or `idle` of them).
 * Whoever asks for a server gets the idle one, and a replacement is started behind his back. They end with their
 * session only. A child that ends by a signal or with an error takes all connections of its server with it, and nobody
 * gets new ones (`onCrash: 'error'`); one that ends with 0 leaves a dead client behind.
 */
export function createPool(servers, { onCrash, most }) {
  const all = new Map()
  const idle = new Map(servers.map(({ name }) => [name, []]))
  const creating = new Set()
  const sessions = new Map()
  const errors = new Map()

  async function connect(server) {
    if (errors.has(server.name)) throw new Error(`${server.name}: in ERROR, ${errors.get(server.name)}`)
    if (all.size >= most) throw new Error(`${server.name}: connection limit reached`)
    const child = startServer(server)
    const client = new Client({ name: 'gateway', version: '1.0.0' })
    const connection = { server: server.name, child, client, closing: false }
    all.set(connection, server.name)
    // `close` comes when nobody holds the pipes any more: while an orphaned server has them, nothing is noticed.
    child.once('close', (code, signal) => {
      all.delete(connection)
      if (!connection.closing && code !== 0) crash(server.name, signal ?? `exit ${code}`)
    })
    await client.connect(new StdioTransport(child))
    return connection
  }

  async function replace(server) {
    if (creating.has(server.name) || idle.get(server.name).length >= (server.idle ?? 1)) return
    creating.add(server.name)
    try {
      const connection = await connect(server)
      if (idle.get(server.name).length < (server.idle ?? 1)) idle.get(server.name).push(connection)
      else await close(connection)
    } catch (error) {
      console.error(error.message)
    } finally {
      creating.delete(server.name)
    }
  }

  async function close(connection) {
    connection.closing = true
    await connection.client.close()
  }

  function crash(name, how) {
    console.error(`${name} crashed: ${how}`)
    if (onCrash !== 'error') return
    errors.set(name, how)
    for (const connection of idle.get(name).splice(0)) void close(connection)
    for (const connections of sessions.values()) {
      const mine = connections.get(name)
      connections.delete(name)
      if (mine) void close(mine)
    }
  }

  return {
    /** Starts all idle connections. */
    async warm() {
      await Promise.all(
        servers.flatMap((server) =>
          Array.from({ length: server.idle ?? 1 }, async () => {
            const connection = await connect(server).catch((error) => console.error(error.message))
            if (connection) idle.get(server.name).push(connection)
          }),
        ),
      )
    },

    /** The session's connection to a server: the one it has, or the idle one, or a new one. */
    async take(session, server) {
      const connections = sessions.get(session) ?? new Map()
      sessions.set(session, connections)
      const mine = connections.get(server.name)
      if (mine) return mine
      const connection = idle.get(server.name).shift() ?? (await connect(server))
      connections.set(server.name, connection)
      void replace(server)
      return connection
    },

    /** Ends the session's connections. */
    async end(session) {
      const connections = sessions.get(session) ?? new Map()
      sessions.delete(session)
      await Promise.all([...connections.values()].map(close))
      for (const name of connections.keys()) void replace(servers.find((one) => one.name === name))
    },

    state() {
      const pid = ({ server, child }) => ({ server, pid: child.pid })
      return {
        errors: Object.fromEntries(errors),
        creating: [...creating],
        idle: [...idle.values()].flat().map(pid),
        sessions: [...sessions].map(([id, connections]) => ({
          id,
          servers: [...connections.values()].map(pid),
        })),
      }
    },
  }
}
