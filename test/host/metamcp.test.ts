import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createSessionApi, type GatewayAddress } from '../../src/host/metamcp.ts'
import { emptyFolder } from '../support/folder.ts'
import { freePort } from '../support/ports.ts'

const key = 'sk_mt_a-key-that-nobody-may-ever-see'
const api = createSessionApi()

/** Something that answers as `respond` does, and a key file for it. */
async function serve(
  t: Test,
  respond: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<GatewayAddress> {
  const server = createServer(respond)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  t.teardown(() => server.closeAllConnections())
  const keyFile = join(emptyFolder(t), 'key')
  writeFileSync(keyFile, `${key}\n`)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, endpoint: 'all', keyFile }
}

/** What MetaMCP answers. */
const health = (closable: unknown, active?: unknown) =>
  JSON.stringify({
    timestamp: '2026-11-21T12:00:00.000Z',
    streamableHttpSessions: { count: 2, sessionIds: closable },
    ...(active === undefined ? {} : { metaMcpPoolStatus: { idle: 1, active: 1, activeSessionIds: active } }),
    totalActiveSessions: 2,
  })

t.test('the sessions that there are, without the key', async (t) => {
  let asked: string | undefined
  const { url } = await serve(t, ({ method, url, headers }, response) => {
    asked = `${method} ${url} ${headers['x-api-key']}`
    response.end(health(['a', 'b', 'a'], ['b', 'sse-1', 'sse-1']))
  })
  t.same(await api.list(url), { closable: ['a', 'b'], others: ['sse-1'] })
  t.equal(asked, 'GET /metamcp/health/sessions undefined')
  const older = await serve(t, (_, response) => response.end(health(['a'])))
  t.same(await api.list(older.url), { closable: ['a'], others: [] }, 'before the pool had a status')
})

t.test('an answer that is none', async (t) => {
  for (const [what, body, message] of [
    ['no JSON', '<html>', /no JSON/],
    ['another JSON', '{}', /no list of sessions/],
    ['ids that are none', health([1]), /no list of sessions/],
    ['ids that would end a header', health(['a\r\nx-evil: 1']), /no list of sessions/],
    ['far too much', `"${'x'.repeat(2_000_000)}"`, /more than 1048576 bytes/],
  ] as const) {
    const { url } = await serve(t, (_, response) => response.end(body))
    await t.rejects(api.list(url), { name: 'GatewayError', code: 'unexpected', message }, what)
  }
})

t.test('one session is closed with the key, read anew each time', async (t) => {
  const asked: unknown[] = []
  const gateway = await serve(t, ({ method, url, headers }, response) => {
    asked.push([method, url, headers['mcp-session-id'], headers['x-api-key']])
    response.end('{"message":"Session cleaned up successfully","sessionId":"a","remainingSessions":[]}')
  })
  await api.close({ ...gateway, endpoint: 'my endpoint' }, 'a')
  writeFileSync(gateway.keyFile, 'another-key')
  await api.close(gateway, 'b')
  t.same(asked, [
    ['DELETE', '/metamcp/my%20endpoint/mcp', 'a', key],
    ['DELETE', '/metamcp/all/mcp', 'b', 'another-key'],
  ])
})

t.test('what is refused says what was tried and what came back, and never the key', async (t) => {
  for (const [status, code] of [
    [400, 'unexpected'],
    [401, 'key'],
    [403, 'key'],
    [404, 'unexpected'],
    [429, 'busy'],
    [500, 'failed'],
    [503, 'failed'],
  ] as const) {
    const gateway = await serve(t, ({ headers }, response) =>
      // A gateway that repeats what it was sent.
      response.writeHead(status, String(headers['x-api-key'])).end(JSON.stringify(headers)),
    )
    const error: unknown = await api.close(gateway, 'a').catch((reason: unknown) => reason)
    t.match(error, {
      name: 'GatewayError',
      code,
      message: `DELETE ${gateway.url}/metamcp/all/mcp: answered ${status}`,
    })
    t.notMatch(JSON.stringify([String(error), error]), key)
  }
})

t.test('how long a gateway wants to be left alone', async (t) => {
  for (const [said, seconds] of [
    ['17', 17],
    ['soon', undefined],
    [undefined, undefined],
  ] as const) {
    const gateway = await serve(t, (_, response) =>
      response.writeHead(429, said === undefined ? {} : { 'retry-after': said }).end(),
    )
    const error = await api.close(gateway, 'a').catch((reason: unknown) => reason)
    t.match(error, { code: 'busy', retryAfter: seconds })
  }
})

t.test('who sends it elsewhere is no gateway, and gives the key to nobody', async (t) => {
  let asked = 0
  const elsewhere = await serve(t, (_, response) => {
    asked++
    response.end(health([]))
  })
  for (const status of [301, 302, 303, 307, 308]) {
    const gateway = await serve(t, (_, response) =>
      response.writeHead(status, { location: elsewhere.url }).end(),
    )
    await t.rejects(api.list(gateway.url), { code: 'unreachable' }, `GET ${status}`)
    await t.rejects(api.close(gateway, 'a'), { code: 'unreachable' }, `DELETE ${status}`)
  }
  t.equal(asked, 0)
})

t.test('a gateway that is away', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`
  await t.rejects(api.list(url), {
    code: 'unreachable',
    message: new RegExp(`^GET ${url}/metamcp/health/sessions: .*ECONNREFUSED`),
  })
})

t.test('a key that is none asks nobody', async (t) => {
  let asked = 0
  const gateway = await serve(t, (_, response) => {
    asked++
    response.end()
  })
  for (const content of ['s3cret\n# rotated in May', 's3cret token', 's3crét', '']) {
    writeFileSync(gateway.keyFile, content)
    const error: unknown = await api.close(gateway, 'a').catch((reason: unknown) => reason)
    t.match(error, { code: 'key', message: /must hold one line/ })
    t.notMatch(String(error), 's3cr')
  }
  const missing = { ...gateway, keyFile: join(emptyFolder(t), 'none') }
  await t.rejects(api.close(missing, 'a'), {
    code: 'key',
    message: /sessions\.gateways\.keyFile.* could not be read: ENOENT/,
  })
  t.equal(asked, 0)
})

t.test('a key file that is none, or too large, is not read', async (t) => {
  let asked = 0
  const gateway = await serve(t, (_, response) => {
    asked++
    response.end()
  })
  const folder = emptyFolder(t)
  const large = join(folder, 'large')
  writeFileSync(large, `${'s3cr'.repeat(2048)}x`)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const [keyFile, why] of [
    [folder, /could not be read: it is no regular file/],
    ['/dev/zero', /could not be read: it is no regular file/],
    // Nobody writes to it: who waits for that waits for ever.
    [pipe, /could not be read: it is no regular file/],
    [large, /larger than 8192 bytes/],
    // The kernel says of its files that they have no bytes.
    ['/proc/kallsyms', /larger than 8192 bytes/],
  ] as const) {
    const error: unknown = await api.close({ ...gateway, keyFile }, 'a').catch((reason: unknown) => reason)
    t.match(error, { name: 'GatewayError', code: 'key', message: why }, keyFile)
    t.match(error, { message: /\(sessions\.gateways\.keyFile\)/ })
    t.notMatch(String(error), 's3cr')
  }
  t.equal(asked, 0)
  writeFileSync(large, `${'k'.repeat(8191)}\n`)
  await api.close({ ...gateway, keyFile: large }, 'a')
  t.equal(asked, 1)
})
