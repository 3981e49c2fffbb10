import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Test } from 'tap'
import { serveEngine } from './engine-socket.ts'
import type { FakeDocker } from './fake-docker.ts'
import { emptyFolder } from './folder.ts'

/** A fake engine that stops and starts its containers when it is asked to. */
export interface RestartingEngine {
  readonly socket: string
  /** Ids of the containers that were stopped, oldest first. */
  readonly stopped: readonly string[]
  /** Ids of those that were started. */
  readonly started: readonly string[]
}

/** Serves `engine` as serveEngine does, and takes stop and start as well. A started container has its old init again. */
export async function serveRestartingEngine(
  t: Pick<Test, 'teardown'>,
  engine: FakeDocker,
): Promise<RestartingEngine> {
  const inits = new Map([...engine.containers].map(([id, { pid }]) => [id, pid]))
  const [stopped, started]: [string[], string[]] = [[], []]
  const socketPath = await serveEngine(t, engine)

  async function stopOrStart(id: string, verb: string): Promise<void> {
    if (verb === 'stop') {
      stopped.push(id)
      return engine.stop(id, 0)
    }
    started.push(id)
    await engine.start(id)
    const container = engine.containers.get(id)
    if (container) container.pid = inits.get(id) ?? 0
  }

  const server = createServer((asked, response) => {
    const [, id, verb] = /\/containers\/(\w+)\/(stop|start)(?:\?|$)/.exec(asked.url ?? '') ?? []
    if (asked.method !== 'POST' || id === undefined || verb === undefined) {
      return pass(asked, response, socketPath)
    }
    stopOrStart(id, verb).then(
      () => response.writeHead(204).end(),
      (error: unknown) => response.writeHead(500).end(JSON.stringify({ message: String(error) })),
    )
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { socket, stopped, started }
}

function pass(asked: IncomingMessage, response: ServerResponse, socketPath: string): void {
  const { method, url: path, headers } = asked
  const inner = request({ socketPath, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers).flushHeaders()
    answer.pipe(response)
  })
  inner.on('error', () => response.destroy())
  response.on('close', () => inner.destroy())
  asked.pipe(inner)
}
