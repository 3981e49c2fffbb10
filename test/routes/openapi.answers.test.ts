import type { InjectOptions } from 'fastify'
import t, { type Test } from 'tap'
import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { DockerError } from '../../src/host/docker.ts'
import { Effect, effectKinds, Incident, Run, Step } from '../../src/journal/records.ts'
import { type Document, documentOf, placesIn, strict } from '../support/openapi.ts'
import { bearer } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied } from '../support/simulated-host.ts'
import {
  alertAbout,
  createPidwarden,
  type SimulatedPidwarden,
  token,
} from '../support/simulated-pidwarden.ts'

const headers = bearer(token)
const json = { 'content-type': 'application/json' }
const document = await documentOf(createPidwarden().app)
const places = placesIn(document)

/** Every answer that was seen, as in `GET /api/runs 200`. */
const seen = new Set<string>()

/** The place in the document that a request goes to. */
function placeOf(method: string, url: string) {
  const path = url.split('?')[0] ?? url
  return places.find(
    ({ name, path: template }) =>
      name.startsWith(`${method} `) &&
      new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+').replaceAll('.', '\\.')}$`).test(path),
  )
}

function check(t: Test, schema: TSchema, value: unknown, what: string): void {
  t.ok(Value.Check(schema, value), what, { errors: [...Value.Errors(schema, value)].slice(0, 5), value })
}

/** Asks, and holds what comes back against the document. */
async function ask(
  t: Test,
  { app }: Pick<SimulatedPidwarden, 'app'>,
  method: 'GET' | 'POST',
  url: string,
  options: InjectOptions = {},
) {
  const place = placeOf(method, url)
  const response = await app.inject({ method, url, headers, ...options })
  const what = `${place?.name} ${response.statusCode}`
  seen.add(what)
  const content = place?.operation.responses[response.statusCode]?.content ?? {}
  const type = String(response.headers['content-type']).split(';')[0] ?? ''
  t.ok(type in content, `${what} ${type} is documented`)
  const schema = strict(content[type]?.schema, document)
  check(t, schema, type.endsWith('json') ? response.json() : response.body, what)
  return response
}

const notification = (...alerts: ReturnType<typeof alertAbout>[]): InjectOptions => ({
  payload: { version: '4', status: 'firing', alerts },
})

/** Containers of every kind, with incidents, runs, plans and what else can be told. */
async function busy(t: Test) {
  const pidwarden = createPidwarden()
  const { host, engine, clock, journal, watch } = pidwarden
  const gateway = addGateway(host, engine)
  gateway.duplicate(6)
  gateway.orphan(2)
  host.cgroupFiles.set(gateway.container.id, { memoryWorkingSet: 950, memoryLimit: 1000, pidsLimit: 100 })
  const odd = addGateway(host, engine, 'odd', { 'pidwarden.mod': 'enforce' })
  engine.halt(addGateway(host, engine, 'stopped').container)
  const alerts = notification(
    alertAbout(gateway.container),
    alertAbout(odd.container, {}, { fingerprint: 'b' }),
    alertAbout({ id: 'none', name: 'nobody' }, {}, { fingerprint: 'c', status: 'resolved' }),
  )
  const first = await ask(t, pidwarden, 'POST', '/webhooks/alertmanager', alerts)
  t.match(first.json(), {
    alerts: [{ verdict: 'queued' }, { reason: 'not_enforced' }, { reason: 'resolved' }],
  })
  await clock.until(() => journal.openRuns().length === 0)
  const second = await ask(t, pidwarden, 'POST', '/webhooks/alertmanager', alerts)
  t.match(second.json(), { alerts: [{ verdict: 'known' }] })
  await clock.until(() => journal.openRuns().length === 0)
  await clock.drive(watch.look())
  return { ...pidwarden, gateway }
}

t.test('what is told', async (t) => {
  const pidwarden = await busy(t)
  const { clock, runner, journal, addRun, gateway } = pidwarden
  for (const url of ['/metrics', '/healthz', '/readyz', '/api/health', '/api/openapi.json'])
    await ask(t, pidwarden, 'GET', url)
  t.equal((await ask(t, pidwarden, 'GET', '/api/containers')).json().containers.length, 3)
  for (const playbook of ['record', 'cleanup', 'restart', 'contain'])
    await ask(t, pidwarden, 'POST', `/api/containers/metamcp/playbooks/${playbook}`)
  for (const playbook of ['restart', 'contain']) {
    await ask(t, pidwarden, 'POST', `/api/containers/metamcp/playbooks/${playbook}?dryRun=false`)
    await clock.until(() => runner.inProgress().length === 0)
  }
  const other = addRun(gateway.container)
  // What only other engines, kernels and applications bring about.
  const rest = {
    containerId: 'c',
    object: 'o',
    limits: { pids: 1, cpu: 0.5 },
    limitsBefore: { pids: -1 },
    until: 1,
  }
  const everything = effectKinds.map((kind) => ({ ...rest, kind, details: { of: ['any', { form: 1 }] } }))
  journal.intend(journal.addStep(other.id, 'everything'), everything)
  const { runs } = (await ask(t, pidwarden, 'GET', '/api/runs')).json()
  const stories = await Promise.all(
    runs.map(async ({ id }: Run) => (await ask(t, pidwarden, 'GET', `/api/runs/${id}`)).json()),
  )
  const kinds = stories.flatMap(({ steps }) => steps.flatMap(({ effects }: { effects: Effect[] }) => effects))
  t.same([...new Set(kinds.map(({ kind }) => kind))].sort(), effectKinds.toSorted())
  await ask(t, pidwarden, 'GET', '/api/incidents/1')
  journal.incidents.needPeople(1, 'it does not get better')
  await ask(t, pidwarden, 'GET', '/api/incidents')
  journal.incidents.recover(1, 'by_person')
  const incident = (await ask(t, pidwarden, 'GET', '/api/incidents/1')).json()
  t.match(incident, { manual: { reason: /better/ }, resolution: 'by_person', actedAt: Number })
})

t.test('what is done', async (t) => {
  const pidwarden = await busy(t)
  const stopped = await ask(t, pidwarden, 'POST', '/api/stop', { payload: { reason: 'a drill' } })
  t.match(stopped.json(), { acting: false, reason: 'a drill', since: Number })
  await ask(t, pidwarden, 'POST', '/api/stop')
  t.match((await ask(t, pidwarden, 'GET', '/api/health')).json(), { acting: { acting: false } })
  await ask(t, pidwarden, 'POST', '/api/containers/metamcp/playbooks/cleanup?dryRun=false')
  await ask(t, pidwarden, 'POST', '/api/resume')
  await ask(t, pidwarden, 'POST', '/api/containers/metamcp/release')
})

t.test('what is heard', async (t) => {
  const { app, host, engine, clock, journal, receive } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  const url = '/api/events'
  const response = await app.inject({ url, headers, payloadAsStream: true })
  seen.add(`GET ${url} ${response.statusCode}`)
  const content = placeOf('GET', url)?.operation.responses[200]?.content ?? {}
  t.ok(String(response.headers['content-type']).split(';')[0]! in content)
  receive(alertAbout(container))
  await clock.until(() => journal.openRuns().length === 0)
  const heard = response.stream().setEncoding('utf8').toArray()
  await app.close()
  const text: string = (await heard).join('')
  const ofRun = { runId: Type.String() }
  const records: Record<string, TSchema> = {
    run: Run,
    step: Type.Object({ ...Step.properties, ...ofRun }),
    effect: Type.Object({ ...Effect.properties, ...ofRun, stepId: Type.Integer() }),
    incident: Incident,
  }
  const kinds = new Set<string>()
  for (const [, kind = '', data = ''] of text.matchAll(/^event: (.*)\ndata: (.*)$/gm)) {
    kinds.add(kind)
    check(t, strict(records[kind], document), JSON.parse(data), kind)
  }
  t.same([...kinds].sort(), Object.keys(records).sort())
})

t.test('what is refused', async (t) => {
  const pidwarden = await busy(t)
  const { app, engine, database, journal } = pidwarden
  t.teardown(() => app.close())
  const order = '/api/containers/metamcp/playbooks/cleanup'
  for (const { name, path, operation } of places.filter(({ operation }) => operation.security)) {
    const method = name.startsWith('POST') ? 'POST' : 'GET'
    await ask(t, pidwarden, method, path, { headers: {} })
    await ask(t, pidwarden, method, path, { headers: bearer('wrong') })
    if (method === 'GET') continue
    const asJson = { ...headers, ...json }
    await ask(t, pidwarden, method, path, { headers: asJson, payload: '{' })
    await ask(t, pidwarden, method, path, {
      headers: { ...headers, 'content-type': 'text/css' },
      payload: 'x',
    })
    await ask(t, pidwarden, method, path, { headers: asJson, payload: `"${'x'.repeat(9_000_000)}"` })
    t.ok(operation.responses[413])
  }
  for (const url of ['/api/runs/none', '/api/incidents/99', `/api/runs/${'x'.repeat(65)}`])
    await ask(t, pidwarden, 'GET', url)
  for (const url of ['/api/incidents?limit=0', '/api/incidents/one', '/api/events?name='])
    await ask(t, pidwarden, 'GET', url)
  for (const url of ['/api/containers/nobody/release', '/api/containers/nobody/playbooks/cleanup'])
    await ask(t, pidwarden, 'POST', url)
  await ask(t, pidwarden, 'POST', '/api/containers/odd/playbooks/cleanup?dryRun=false')
  engine.failures.inspect.push(new DockerError('unreachable', 'connect ENOENT'))
  await ask(t, pidwarden, 'POST', `${order}?dryRun=false`)
  const listeners = await Promise.all(
    Array.from({ length: 50 }, () => app.inject({ url: '/api/events', headers, payloadAsStream: true })),
  )
  await ask(t, pidwarden, 'GET', '/api/events')
  for (const listener of listeners) listener.stream().destroy()
  pidwarden.start.recovered = false
  await ask(t, pidwarden, 'POST', '/webhooks/alertmanager', notification())
  journal.stopActing('before it breaks')
  pidwarden.host.cgroupFailure = denied
  await ask(t, pidwarden, 'GET', '/api/containers')
  database.exec('DROP TABLE effects; DROP TABLE steps; DROP TABLE runs')
  await ask(t, pidwarden, 'GET', '/api/runs')
  for (const url of ['/metrics', '/readyz', '/api/health']) await ask(t, pidwarden, 'GET', url)
})

t.test('nothing is documented that was not answered here', async (t) => {
  // Any route of them may fail; what it answers then is made in one place.
  const documented = places.flatMap(({ name, operation }) =>
    Object.keys(operation.responses).flatMap((status) => (status === '500' ? [] : [`${name} ${status}`])),
  )
  t.same(
    documented.filter((one) => !seen.has(one)),
    [],
  )
  t.ok(seen.has('GET /api/runs 500'))
})

t.test('an answer that is more or other than documented would be seen', async (t) => {
  const part = (document: Document) => strict({ $ref: '#/components/schemas/Part' }, document)
  t.ok(Value.Check(part(document), { name: 'docker', ok: true }))
  for (const wrong of [
    { name: 'docker', ok: true, more: 1 },
    { name: 'docker', ok: 'yes' },
    { name: 'docker' },
  ])
    t.notOk(Value.Check(part(document), wrong))
})

t.test('a schema that is behind makes no field disappear', async (t) => {
  const { app } = createPidwarden()
  app.get('/behind', { schema: { response: { 200: Type.Object({ one: Type.String() }) } } }, async () => ({
    one: 1,
    two: 2,
  }))
  t.same((await app.inject('/behind')).json(), { one: 1, two: 2 })
})
