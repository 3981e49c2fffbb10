import t from 'tap'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'

const closed = [
  ['POST', '/webhooks/alertmanager'],
  ['GET', '/api/runs'],
  ['GET', '/api/runs/anything'],
  ['GET', '/api/containers'],
] as const
const open = ['/metrics', '/healthz', '/readyz', '/api/health']

t.test('what is closed wants the token', async (t) => {
  const { app } = createPidwarden()
  for (const [method, url] of closed) {
    const without = await app.inject({ method, url })
    problemIn(t, without, 401)
    t.equal(without.headers['www-authenticate'], 'Bearer', url)
    const wrong = await app.inject({ method, url, headers: bearer(`${token}x`) })
    problemIn(t, wrong, 403)
    const right = await app.inject({ method, url, headers: bearer(token) })
    t.notOk([401, 403].includes(right.statusCode), `${url}: ${right.statusCode}`)
  }
})

t.test('what is open does not', async (t) => {
  const { app } = createPidwarden()
  for (const url of open) t.equal((await app.inject(url)).statusCode, 200, url)
})

for (const [name, authorization, status] of [
  ['the scheme in other letters', `bearer ${token}`, 404],
  ['no scheme', token, 401],
  ['another scheme', `Basic ${Buffer.from(`x:${token}`).toString('base64')}`, 401],
  ['nothing behind the scheme', 'Bearer ', 401],
  ['a part of the token', `Bearer ${token.slice(0, -1)}`, 403],
  ['the token twice', `Bearer ${token} ${token}`, 403],
  ['a very long one', `Bearer ${'x'.repeat(8000)}`, 403],
] as const) {
  t.test(`authorization: ${name}`, async (t) => {
    const { app } = createPidwarden()
    const response = await app.inject({ url: '/api/runs/nobody', headers: { authorization } })
    problemIn(t, response, status)
  })
}

t.test('the token is not taken from anywhere but the header', async (t) => {
  const { app } = createPidwarden()
  problemIn(t, await app.inject(`/api/runs?token=${token}&access_token=${token}`), 401)
})

t.test('who may not come in does not get his body read', async (t) => {
  const { app } = createPidwarden()
  const response = await app.inject({ method: 'POST', url: '/webhooks/alertmanager', payload: 'no json' })
  problemIn(t, response, 401)
})

t.test('the token is in no response and in no line of the log', async (t) => {
  const { app, host, engine, logs, database, clock } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(10)
  const headers = { ...bearer(token), 'content-type': 'application/json' }
  const payload = { version: '4', status: 'firing', alerts: [alertAbout(container)] }
  const responses = [
    await app.inject({ method: 'POST', url: '/webhooks/alertmanager', headers, payload }),
    await app.inject({ method: 'POST', url: '/webhooks/alertmanager', headers, payload: '{' }),
    await app.inject({ method: 'POST', url: '/webhooks/alertmanager', headers: bearer(token), payload: 'x' }),
  ]
  for (const url of ['/api/runs', '/api/runs/x', '/api/containers', '/nothing', ...open]) {
    responses.push(await app.inject({ url, headers: bearer(token) }))
    responses.push(await app.inject({ url, headers: bearer(token.slice(1)) }))
  }
  database.exec('DROP TABLE effects; DROP TABLE steps; DROP TABLE runs')
  responses.push(await app.inject({ method: 'POST', url: '/webhooks/alertmanager', headers, payload }))
  responses.push(await app.inject({ url: '/api/runs', headers }))
  t.equal(responses.at(-2)?.statusCode, 503)
  t.equal(responses.at(-1)?.statusCode, 500)
  await clock.settle()
  t.ok(logs.length > 1)
  for (const text of [...responses.map(({ body, headers: own }) => body + JSON.stringify(own)), ...logs]) {
    t.notMatch(text, token)
  }
})
