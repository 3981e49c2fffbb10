import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type ContainerRecord, DockerError } from '../../src/host/docker.ts'
import type { FakeDocker } from './fake-docker.ts'
import { emptyFolder } from './folder.ts'

/**
 * Puts the fake engine behind a Unix socket that speaks as much of Docker's API as pidwarden asks for, so that the
 * whole program can follow it. The path of the socket is returned.
 */
export async function serveEngine(t: Pick<Test, 'teardown'>, engine: FakeDocker): Promise<string> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '').replace(/^\/v[\d.]+/, '')
    if (path === '/events') return follow(engine, response)
    answer(engine, path).then(
      (body) => send(response, body === undefined ? 404 : 200, body ?? { message: `no ${path}` }),
      (error: unknown) => {
        const missing = error instanceof DockerError && error.code === 'not_found'
        send(response, missing ? 404 : 500, { message: String(error) })
      },
    )
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return socket
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** One line for each event, until either side goes. */
function follow(engine: FakeDocker, response: ServerResponse): void {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  engine
    .events(({ action, id }) => {
      response.write(`${JSON.stringify({ Type: 'container', Action: action, Actor: { ID: id } })}\n`)
    }, gone.signal)
    .catch(() => response.destroy())
}

async function answer(engine: FakeDocker, path: string): Promise<unknown> {
  if (path === '/containers/json') return (await engine.list()).map((Id) => ({ Id }))
  const container = /^\/containers\/(\w+)\/json$/.exec(path)?.[1]
  if (container !== undefined) return inspection(await engine.inspect(container))
  const image = /^\/images\/([^/]+)\/json$/.exec(path)?.[1]
  const labels = image && (await engine.imageLabels(decodeURIComponent(image)))
  return labels && { Config: { Labels: labels } }
}

/** The record, in Docker's words. */
function inspection({ id, name, image, imageId, labels, limits, ...record }: ContainerRecord): unknown {
  const { state, pid, startedAt, health, exitCode } = record
  return {
    Id: id,
    Name: `/${name}`,
    Image: imageId,
    RestartCount: record.restarts,
    State: { Status: state, Pid: pid, StartedAt: startedAt, ExitCode: exitCode, Health: { Status: health } },
    Config: { Image: image, Labels: labels, StopTimeout: record.stopTimeout },
    Mounts: [],
    NetworkSettings: { Networks: {} },
    HostConfig: {
      PidsLimit: limits.pids ?? null,
      Memory: limits.memory ?? 0,
      NanoCpus: (limits.cpu ?? 0) * 1e9,
      AutoRemove: record.autoRemove,
    },
  }
}
