import t from 'tap'
import { family } from '../support/exposition.ts'
import { bearer, problemIn } from '../support/problem.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden, token } from '../support/simulated-pidwarden.ts'

const headers = bearer(token)
const post = (url: string, payload?: object) =>
  ({ method: 'POST', url, headers, ...(payload && { payload }) }) as const

t.test('stop: nothing is acted on until somebody resumes', async (t) => {
  const { app, host, engine, clock, metrics, journal, perform } = createPidwarden()
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  const scrape = async () => clock.drive(metrics.render().then(String))
  t.same(family(await scrape(), 'acting_stopped'), { '': 0 })
  const stopped = await app.inject(post('/api/stop', { reason: 'an audit' }))
  t.equal(stopped.statusCode, 200)
  t.match(stopped.json(), { acting: false, reason: 'an audit' })
  t.same(family(await scrape(), 'acting_stopped'), { '': 1 })
  t.match((await app.inject('/api/health')).json(), { acting: { acting: false, reason: 'an audit' } })
  t.match((await perform(container)).ending, {
    outcome: 'skipped',
    reason: 'acting_stopped',
    detail: /an audit/,
  })
  await app.inject(post('/api/stop', { reason: 'another' }))
  t.equal(journal.stop()?.reason, 'an audit', 'the first reason stays')
  t.same((await app.inject(post('/api/resume'))).json(), { acting: true })
  t.match((await perform(container)).ending, { outcome: 'fixed' })
})

t.test('stop: what is at work ends at the next safe point, and what waits does not begin', async (t) => {
  const { app, host, engine, clock, journal, runner, receive, settings } = createPidwarden()
  settings.minimumAge = { ...settings.minimumAge, critical: 1000 }
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  receive(alertAbout(container))
  await clock.settle()
  t.equal(runner.inProgress().length, 1, 'it waits for those that are too young')
  receive(alertAbout(container, {}, { fingerprint: 'another' }))
  await app.inject(post('/api/stop'))
  await clock.settle()
  t.equal(runner.inProgress().length, 0)
  t.same(host.signals, [])
  t.match(journal.recentRuns(2), [
    { ending: { outcome: 'cancelled', reason: 'acting_stopped' } },
    { ending: { outcome: 'cancelled', reason: 'acting_stopped' } },
  ])
})

t.test('stop: what is at work ends also where the stop cannot be written down', async (t) => {
  const { app, host, engine, clock, runner, receive, settings, database } = createPidwarden()
  settings.minimumAge = { ...settings.minimumAge, critical: 1000 }
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  receive(alertAbout(container))
  await clock.settle()
  database.exec('DROP TABLE stops')
  problemIn(t, await app.inject(post('/api/stop')), 500)
  await clock.settle()
  t.equal(runner.inProgress().length, 0)
  t.same(host.signals, [])
})

t.test('release: cooldown and failures are forgotten', async (t) => {
  const { app, host, engine, clock, perform } = createPidwarden({ restrained: true })
  const { container, duplicate } = addGateway(host, engine)
  duplicate(6)
  duplicate(6, { listens: { kind: 'value', value: true } })
  await perform(container)
  duplicate(6)
  t.match((await perform(container)).ending, { reason: 'cooldown' })
  clock.advance(1)
  const released = await app.inject(post('/api/containers/metamcp/release'))
  t.same(released.json(), { name: 'metamcp', released: true })
  t.match((await perform(container)).ending, { outcome: 'improved' })
})

t.test('what makes no sense is refused', async (t) => {
  const { app } = createPidwarden()
  problemIn(t, await app.inject(post('/api/containers/nobody/release')), 404)
  problemIn(t, await app.inject(post('/api/stop', { reason: '' })), 400)
  problemIn(t, await app.inject({ method: 'POST', url: '/api/stop' }), 401)
  problemIn(t, await app.inject({ method: 'POST', url: '/api/resume' }), 401)
})

t.test('a container with a long name can be released as any other', async (t) => {
  const { app, host, engine } = createPidwarden()
  const name = 'n'.repeat(250)
  addGateway(host, engine, name)
  t.equal((await app.inject(post(`/api/containers/${name}/release`))).statusCode, 200)
})
