import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createBuilder } from '../../src/host/builder-dockerode.ts'
import { blueprintOf } from '../support/blueprint.ts'
import { emptyFolder } from '../support/folder.ts'

const id = 'a'.repeat(64)

/** A builder over a socket behind which stands a server with these answers, by `METHOD path`, and what it was asked. */
async function engine(t: Test, answers: Record<string, { status?: number; body?: unknown }>) {
  const requests: { readonly line: string; readonly body: unknown }[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const line = `${request.method} ${(request.url ?? '').replace(/^\/v[\d.]+/, '')}`
    requests.push({ line, body: text === '' ? undefined : JSON.parse(text) })
    const { status = 200, body = {} } = answers[line] ?? { status: 404, body: { message: 'no such thing' } }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(status === 204 ? undefined : JSON.stringify(body))
  })
  const socket = join(emptyFolder(t), 'docker.sock')
  server.listen(socket)
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { builder: createBuilder(socket), requests }
}

t.test('a blueprint is what the engine says, and nothing is left out', async (t) => {
  const { Networks, ...blueprint } = blueprintOf({ HostConfig: { New: { x: 1 } } })
  const body = { ...blueprint, NetworkSettings: { Networks }, SizeRw: 7 }
  const { builder } = await engine(t, {
    [`GET /containers/${id}/json?size=true`]: { body },
    [`GET /containers/${id}/json?size=false`]: { body: { ...body, SizeRw: undefined } },
  })
  t.strictSame(await builder.blueprint(id), { ...blueprint, Networks })
  t.strictSame(await builder.blueprint(id, true), { ...blueprint, Networks, sizeRw: 7 })
  await t.rejects(builder.blueprint('other'), { code: 'not_found' })
})

t.test('nothing of what a container is made from stands in an address', async (t) => {
  const { builder, requests } = await engine(t, {
    'POST /containers/create?name=metamcp': { status: 201, body: { Id: id, Warnings: [] } },
  })
  const { Config, HostConfig } = blueprintOf()
  const specification = { ...Config, HostConfig, NetworkingConfig: { EndpointsConfig: {} } }
  t.equal(await builder.create('metamcp', specification), id)
  t.same(requests[0]?.body, specification)
})

t.test('nor in an error', async (t) => {
  const { builder } = await engine(t, {
    'POST /containers/create?name=metamcp': {
      status: 400,
      body: { message: 'invalid environment variable: "API_KEY hunter2", and "/srv/x"' },
    },
  })
  const { Config, HostConfig } = blueprintOf()
  await t.rejects(
    builder.create('metamcp', { ...Config, HostConfig, NetworkingConfig: { EndpointsConfig: {} } }),
    {
      code: 'failed',
      message:
        'could not create container metamcp: Docker answered 400: (HTTP code 400) bad parameter - invalid environment variable: "…", and "…"',
    },
  )
})

t.test('what is done to containers and networks', async (t) => {
  const { builder, requests } = await engine(t, {
    'GET /containers/json?all=true': { body: [{ Id: id }] },
    'GET /images/metamcp%3A2/json': { body: { Id: 'sha256:1' } },
    'GET /images/metamcp:2/json': { body: { Id: 'sha256:1' } },
    [`POST /containers/${id}/rename?name=aside`]: { status: 204 },
    'POST /networks/net/connect': {},
    'POST /networks/net/disconnect': {},
    [`DELETE /containers/${id}?force=true&v=false`]: { status: 204 },
  })
  t.same(await builder.list(), [id])
  t.equal(await builder.imageId('metamcp:2'), 'sha256:1')
  t.equal(await builder.imageId('gone'), undefined)
  await builder.rename(id, 'aside')
  await builder.connect('net', id, { IPAMConfig: { IPv4Address: '10.0.0.7' }, Aliases: null })
  await builder.disconnect('net', id)
  await builder.remove(id)
  await t.resolves(builder.remove('gone'), 'gone is removed')
  t.match(requests.find(({ line }) => line.endsWith('/connect'))?.body, {
    Container: id,
    EndpointConfig: { IPAMConfig: { IPv4Address: '10.0.0.7' }, Aliases: null },
  })
  t.match(requests.find(({ line }) => line.endsWith('/disconnect'))?.body, { Container: id })
})
