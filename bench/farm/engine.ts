import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A container as the engine plays it: running, and never anything else. */
export interface PlayedContainer {
  readonly id: string
  readonly name: string
  /** Pid of its init on this machine. */
  readonly pid: number
}

/** An engine that is played. */
export interface PlayedEngine {
  readonly socket: string
  close(): Promise<void>
}

/** What of Docker's API a scrape needs, on a socket of its own: containers that stand still. */
export async function playEngine(containers: readonly PlayedContainer[]): Promise<PlayedEngine> {
  // Not below the cache: the path of a Unix socket is limited to 107 bytes.
  const socket = join(tmpdir(), `pidwarden-bench-${randomBytes(4).toString('hex')}.sock`)
  const byId = new Map(containers.map((container) => [container.id, container]))
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^\/v\d\.\d+/, '')
    response.setHeader('content-type', 'application/json')
    // The stream of events: open, and silent.
    if (path === '/events') return void response.writeHead(200).flushHeaders()
    const body = answer(path, byId)
    response.writeHead(body === undefined ? 404 : 200).end(JSON.stringify(body ?? { message: `no ${path}` }))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve))
  return {
    socket,
    async close() {
      server.closeAllConnections()
      await new Promise<unknown>((resolve) => server.close(resolve))
      rmSync(socket, { force: true })
    },
  }
}

function answer(path: string, byId: ReadonlyMap<string, PlayedContainer>): unknown {
  if (path === '/_ping') return 'OK'
  if (path === '/version') return { ApiVersion: '1.51', Version: '28.0.0' }
  if (path === '/info') return { ID: 'farm', Name: 'farm', Containers: byId.size }
  if (path === '/containers/json') return [...byId.values()].map(({ id: Id }) => ({ Id }))
  if (/^\/images\/[^/]+\/json$/.test(path)) return { Config: { Labels: {} } }
  const container = byId.get(/^\/containers\/(\w+)\/json$/.exec(path)?.[1] ?? '')
  return container && inspection(container)
}

const began = new Date().toISOString()

function inspection({ id, name, pid }: PlayedContainer): unknown {
  return {
    Id: id,
    Name: `/${name}`,
    Image: 'sha256:farm',
    RestartCount: 0,
    State: { Status: 'running', Running: true, Pid: pid, StartedAt: began, ExitCode: 0, OOMKilled: false },
    Config: { Image: 'farm:1', Labels: {} },
    HostConfig: { PidsLimit: null, Memory: 0, MemorySwap: 0, NanoCpus: 0, RestartPolicy: { Name: 'no' } },
  }
}
