import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import t from 'tap'
import { bearer, problemIn } from '../support/problem.ts'
import { createPidwarden, token } from '../support/simulated-pidwarden.ts'

t.test('404', async (t) => {
  const { app } = createPidwarden()
  for (const [method, url] of [
    ['GET', '/'],
    ['GET', '/nothing?secret=1'],
    ['POST', '/metrics'],
    ['DELETE', '/api/runs'],
    ['GET', '/webhooks/alertmanager'],
  ] as const) {
    const { detail } = problemIn(t, await app.inject({ method, url, headers: bearer(token) }), 404)
    t.match(detail, `${method} ${url.split('?')[0]}`)
    t.notMatch(detail, 'secret')
  }
})

t.test('a long path is not repeated at length', async (t) => {
  const { app } = createPidwarden()
  const { detail } = problemIn(t, await app.inject(`/${'x'.repeat(4000)}`), 404)
  t.ok(detail.length < 300)
})

t.test('a path that cannot be decoded', async (t) => {
  const { app } = createPidwarden()
  problemIn(t, await app.inject({ url: '/api/runs/%ff%', headers: bearer(token) }), 400)
})

t.test('an id that is too long', async (t) => {
  const { app } = createPidwarden()
  problemIn(t, await app.inject({ url: `/api/runs/${'x'.repeat(65)}`, headers: bearer(token) }), 400)
})

t.test('an error of the server keeps its cause to the log', async (t) => {
  const { app, database, logs } = createPidwarden()
  database.exec('DROP TABLE effects; DROP TABLE steps; DROP TABLE runs')
  const { detail } = problemIn(t, await app.inject({ url: '/api/runs', headers: bearer(token) }), 500)
  t.notMatch(detail, /table|SQL/)
  t.match(logs.join(''), /no such table/)
})

t.test('what is no HTTP at all', async (t) => {
  const { app } = createPidwarden()
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end('HELLO\r\n\r\n'))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (part) => {
      text += part
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
  })
  t.match(answer, /^HTTP\/1\.1 400 /)
  t.match((await app.inject('/healthz')).statusCode, 200, 'and it lives on')
})
