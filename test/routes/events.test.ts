import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'
import { until } from '../support/until.ts'

const headers = bearer(token)

async function setUp(t: Test) {
  const pidwarden = createPidwarden()
  const gateway = addGateway(pidwarden.host, pidwarden.engine)
  await pidwarden.app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => pidwarden.app.close())
  const { port } = pidwarden.app.server.address() as AddressInfo
  return { ...pidwarden, ...gateway, url: `http://127.0.0.1:${port}/api/events` }
}

interface Heard {
  readonly event: string
  readonly data: Record<string, unknown>
}

/** Listens; what was heard so far is in `heard`, and `over` becomes true when the stream ends. */
async function listen(t: Test, url: string) {
  const abort = new AbortController()
  t.teardown(() => abort.abort())
  const response = await fetch(url, { headers, signal: abort.signal })
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^text\/event-stream/)
  const listener = { heard: [] as Heard[], over: false, leave: () => abort.abort() }
  let text = ''
  const read = async (): Promise<void> => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const found = /^event: (.*)\ndata: (.*)$/.exec(part)
        if (found) listener.heard.push({ event: found[1]!, data: JSON.parse(found[2]!) })
      }
    }
  }
  read()
    .catch(() => {})
    .finally(() => {
      listener.over = true
    })
  return listener
}

t.test('a run can be followed from its first to its last moment', async (t) => {
  const { url, container, duplicate, receive, clock, journal } = await setUp(t)
  duplicate(6)
  const { heard } = await listen(t, url)
  receive(alertAbout(container))
  await clock.until(() => journal.openRuns().length === 0)
  await until('the end is heard', () =>
    heard.some(({ event, data }) => event === 'run' && data.state === 'done'),
  )
  t.match(heard[0], { event: 'incident', data: { name: 'metamcp' } })
  t.match(
    heard.find(({ event }) => event === 'run'),
    { data: { state: 'queued' } },
  )
  t.ok(heard.some(({ event, data }) => event === 'step' && data.action === 'kill-duplicates'))
  const signals = heard.filter(({ event, data }) => event === 'effect' && data.result === 'sent')
  t.equal(signals.length, 18)
  t.match(signals[0]?.data, { kind: 'signal', signal: 'SIGTERM', runId: String, stepId: Number })
})

t.test('only one run, or only one container', async (t) => {
  const { host, engine, url, container, duplicate, receive, clock, journal } = await setUp(t)
  const other = addGateway(host, engine, 'other')
  duplicate(6)
  other.duplicate(6)
  const byName = await listen(t, `${url}?name=other`)
  const byRun = await listen(t, `${url}?run=nobody`)
  receive(
    alertAbout(container, {}, { fingerprint: 'a' }),
    alertAbout(other.container, {}, { fingerprint: 'b' }),
  )
  await clock.until(() => journal.openRuns().length === 0)
  await until('the end is heard', () => byName.heard.some(({ data }) => data.state === 'done'))
  const named = byName.heard.filter(({ event }) => event === 'run' || event === 'incident')
  t.ok(named.length > 2)
  for (const { data } of named) t.equal(data.name, 'other')
  t.same(byRun.heard, [])
})

t.test('nothing of a transaction that failed is heard', async (t) => {
  const { url, container, journal, addRun } = await setUp(t)
  const { heard } = await listen(t, url)
  t.throws(() =>
    journal.transaction(() => {
      addRun(container)
      throw new Error('no')
    }),
  )
  addRun(container)
  await until('the other one is heard', () => heard.length > 0)
  t.equal(heard.length, 1)
})

t.test('listeners that go away are forgotten, and those that stay do not hold up the end', async (t) => {
  const { app, url, journal, container, addRun } = await setUp(t)
  const first = await listen(t, url)
  const second = await listen(t, url)
  first.leave()
  await until('it is over for the first', () => first.over)
  addRun(container)
  await until('the second hears', () => second.heard.length > 0)
  await app.close()
  await until('it is over for the second', () => second.over)
  addRun(container)
  t.equal(journal.recentRuns(10).length, 2, 'the journal is written all the same')
})

t.test('too many listeners are told so', async (t) => {
  const { app, url } = await setUp(t)
  const all = await Promise.all(Array.from({ length: 50 }, () => listen(t, url)))
  const { detail } = problemIn(t, await app.inject({ url: '/api/events', headers }), 503)
  t.match(detail, /50 listen already/)
  for (const one of all) one.leave()
})

t.test('it needs the token', async (t) => {
  const { app } = await setUp(t)
  problemIn(t, await app.inject({ url: '/api/events' }), 401)
})

t.test('whoever asks for the head alone does not listen', async (t) => {
  const { app } = await setUp(t)
  t.equal((await app.inject({ method: 'HEAD', url: '/api/events', headers })).statusCode, 404)
})
