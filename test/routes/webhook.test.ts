import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { WebhookPayload } from '../../src/remediation/webhook.ts'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import {
  alertAbout,
  createPidwarden,
  type SimulatedPidwarden,
  token,
} from '../support/simulated-pidwarden.ts'
import { root } from '../support/tools.ts'

const url = '/webhooks/alertmanager'
const json = { ...bearer(token), 'content-type': 'application/json' }

function setUp() {
  const pidwarden = createPidwarden()
  const farm = addGateway(pidwarden.host, pidwarden.engine)
  farm.duplicate(10)
  return { ...pidwarden, ...farm }
}

const post = ({ app }: Pick<SimulatedPidwarden, 'app'>, payload: unknown, headers: object = json) =>
  app.inject({
    method: 'POST',
    url,
    headers: { ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })

const payloadOf = (...alerts: unknown[]) => ({ version: '4', status: 'firing', alerts })

t.test('202 with a verdict for each alert, once all are on file', async (t) => {
  const setting = setUp()
  const { container, journal, clock, runner } = setting
  const response = await post(
    setting,
    payloadOf(
      alertAbout(container),
      alertAbout({ id: 'b'.repeat(64), name: 'x' }),
      alertAbout({ id: 'nobody', name: 'x' }),
      alertAbout(container, { playbook: 'unheard-of' }),
    ),
  )
  t.equal(response.statusCode, 202)
  const { alerts } = response.json()
  t.match(alerts, [
    { verdict: 'queued', runId: String, fingerprint: 'c548df281c2b5d99', startsAt: '2026-11-20T12:00:00Z' },
    { verdict: 'skipped', reason: 'other_host' },
    { verdict: 'skipped', reason: 'unknown_container' },
    { verdict: 'skipped', reason: 'unknown_playbook' },
  ])
  t.ok(journal.story(alerts[0].runId))
  await clock.until(() => runner.inProgress().length === 0)
  t.match(journal.story(alerts[0].runId)?.ending, { outcome: 'fixed' })
})

const alert = alertAbout({ id: 'a'.repeat(64), name: 'x' })
for (const [name, payload] of [
  ['no JSON', '{"version": "4", '],
  ['nothing at all', ''],
  ['null', 'null'],
  ['a list', '[]'],
  ['an older version', { ...payloadOf(alert), version: '3' }],
  ['a newer version', { ...payloadOf(alert), version: '5' }],
  ['no version', { status: 'firing', alerts: [] }],
  ['no alerts', { version: '4', status: 'firing' }],
  ['alerts that are no list', { version: '4', status: 'firing', alerts: {} }],
  ['an alert of no kind', payloadOf({ ...alert, status: 'pending' })],
  ['labels that are no strings', payloadOf({ ...alert, labels: { id: 5 } })],
  ['no fingerprint', payloadOf({ ...alert, fingerprint: undefined })],
  ['an empty fingerprint', payloadOf({ ...alert, fingerprint: '' })],
  ['a fingerprint of 100 kB', payloadOf({ ...alert, fingerprint: 'f'.repeat(100_000) })],
  ['a poisoned prototype', '{"version":"4","status":"firing","alerts":[],"__proto__":{"x":1}}'],
] as const) {
  t.test(`400: ${name}`, async (t) => {
    const setting = setUp()
    const response = await post(setting, payload)
    const { detail } = problemIn(t, response, 400)
    t.ok(detail.length < 500, 'what others send is not repeated at length')
    t.same(setting.journal.recentRuns(1), [])
  })
}

t.test('one alert that makes no sense refuses all: nothing is half taken in', async (t) => {
  const setting = setUp()
  problemIn(t, await post(setting, payloadOf(alertAbout(setting.container), { status: 'firing' })), 400)
  t.same(setting.journal.recentRuns(1), [])
})

for (const type of ['application/xml', 'application/x-www-form-urlencoded', 'text/plain', undefined]) {
  t.test(`415: ${type ?? 'no content type'}`, async (t) => {
    const setting = setUp()
    const headers = { ...bearer(token), ...(type ? { 'content-type': type } : {}) }
    problemIn(t, await post(setting, payloadOf(alertAbout(setting.container)), headers), 415)
    t.same(setting.journal.recentRuns(1), [])
  })
}

t.test('fields that newer versions add are no reason to refuse', async (t) => {
  const setting = setUp()
  const more = {
    ...payloadOf({ ...alertAbout(setting.container), generatorURL: 'x' }),
    routeLabels: {},
    next: 1,
  }
  t.equal((await post(setting, more)).statusCode, 202)
})

t.test('a label of 100 kB is skipped and not repeated', async (t) => {
  const setting = setUp()
  const long = 'L'.repeat(100_000)
  const response = await post(setting, payloadOf(alertAbout(setting.container, { note: long })))
  t.equal(response.statusCode, 202)
  t.match(response.json().alerts, [{ verdict: 'skipped', reason: 'label_too_long' }])
  for (const text of [response.body, ...setting.logs]) t.notMatch(text, 'LLLL')
})

t.test('8 MiB are taken, 10 MB are too large', async (t) => {
  const setting = setUp()
  const { app, container } = setting
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const send = (bytes: number): Promise<{ statusCode: number; body: string; headers: object }> =>
    new Promise((resolve, reject) => {
      const fill = { ...alertAbout(container), annotations: { fill: '' } }
      const bare = JSON.stringify(payloadOf(fill)).length
      const body = JSON.stringify(payloadOf({ ...fill, annotations: { fill: 'x'.repeat(bytes - bare) } }))
      const outgoing = request(
        { host: '127.0.0.1', port, path: url, method: 'POST', headers: json },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (part) => {
            text += part
          })
          answer.on('end', () =>
            resolve({ statusCode: answer.statusCode ?? 0, body: text, headers: answer.headers }),
          )
        },
      )
      // The server need not read to the end what it refuses.
      outgoing.on('error', (error) => ('code' in error && error.code === 'EPIPE' ? undefined : reject(error)))
      outgoing.end(body)
    })
  t.equal((await send(8 * 1024 * 1024)).statusCode, 202)
  const { statusCode, body, headers } = await send(10_000_000)
  t.equal(statusCode, 413)
  t.match(headers, { 'content-type': /problem\+json/ })
  t.match(JSON.parse(body), { status: 413, title: 'The body is too large', detail: /./ })
})

t.test('503 while Docker is away: the same will do later', async (t) => {
  const setting = setUp()
  const { engine, container, journal } = setting
  engine.connection = { connected: false, listedAt: 1, error: 'connect ENOENT /var/run/docker.sock' }
  const { detail } = problemIn(t, await post(setting, payloadOf(alertAbout(container))), 503)
  t.match(detail, /retry later: connect ENOENT/)
  t.same(journal.recentRuns(1), [])
  engine.connection = { connected: true, listedAt: 2, error: undefined }
  t.match((await post(setting, payloadOf(alertAbout(container)))).json().alerts, [{ verdict: 'queued' }])
})

t.test('503 before what an earlier start left is in order: the same will do later', async (t) => {
  const setting = setUp()
  const { start, container, journal, host, clock } = setting
  start.recovered = false
  const alert = payloadOf(alertAbout(container))
  const { detail } = problemIn(t, await post(setting, alert), 503)
  t.match(detail, /retry later: runs of an earlier start are put in order/)
  await clock.settle()
  t.same(journal.recentRuns(1), [])
  t.same(host.effects, [])
  t.equal((await setting.app.inject('/metrics')).statusCode, 200, 'whoever scrapes is answered')
  problemIn(t, await post(setting, '{}'), 400)
  start.recovered = true
  t.match((await post(setting, alert)).json().alerts, [{ verdict: 'queued' }])
})

t.test('503 when the journal cannot be written', async (t) => {
  const setting = setUp()
  const { database, container, host, logs, clock } = setting
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON episodes
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  const { detail } = problemIn(t, await post(setting, payloadOf(alertAbout(container))), 503)
  t.match(detail, /retry later/)
  t.match(logs.join(''), /disk is full/, 'the cause is in the log')
  await clock.settle()
  t.same(host.effects, [])
  database.exec('DROP TRIGGER full')
  t.equal((await post(setting, payloadOf(alertAbout(container)))).statusCode, 202)
})

t.test('a remediation that fails is no reason to come again', async (t) => {
  const setting = setUp()
  setting.host.sendError = new Error('EPERM')
  t.equal((await post(setting, payloadOf(alertAbout(setting.container)))).statusCode, 202)
  await setting.clock.until(() => setting.runner.inProgress().length === 0)
  t.equal((await post(setting, payloadOf(alertAbout(setting.container)))).statusCode, 202)
})

t.test('a truncated notification is taken in, and told in the log', async (t) => {
  const setting = setUp()
  const payload = { ...payloadOf(alertAbout(setting.container)), truncatedAlerts: 7 }
  t.equal((await post(setting, payload)).statusCode, 202)
  t.match(setting.logs.join(''), /max_alerts: 0/)
})

const folder = join(root, 'test/fixtures/alertmanager')
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  t.test(`recorded: ${file}`, async (t) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const payload: WebhookPayload = JSON.parse(text)
    const elsewhere = setUp()
    const away = await post(elsewhere, text)
    t.equal(away.statusCode, 202)
    const known = ['record', 'cleanup', 'contain', 'restart']
    const fresh = ({ status, labels }: WebhookPayload['alerts'][number], elsewhere?: string) => {
      if (status === 'resolved') return 'resolved'
      return known.includes(labels.playbook ?? '') ? elsewhere : 'unknown_playbook'
    }
    t.match(
      away.json().alerts,
      payload.alerts.map((one) => ({ verdict: 'skipped', reason: fresh(one, 'other_host') })),
    )
    const here = setUp()
    const said = await post(here, text.replaceAll(payload.alerts[0]?.labels.id ?? '', here.container.id))
    t.match(
      said.json().alerts,
      payload.alerts.map((one) => {
        const { fingerprint, startsAt } = one
        const reason = fresh(one)
        return reason
          ? { fingerprint, startsAt, verdict: 'skipped', reason }
          : { fingerprint, startsAt, verdict: 'queued', runId: String }
      }),
    )
  })
}
