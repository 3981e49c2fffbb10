import t from 'tap'
import { family } from '../support/exposition.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { denied } from '../support/simulated-host.ts'
import { createPidwarden, type SimulatedPidwarden } from '../support/simulated-pidwarden.ts'

t.test('in good state', async (t) => {
  const { app, host, engine } = createPidwarden()
  addGateway(host, engine)
  await app.inject('/metrics')
  t.same((await app.inject('/healthz')).json(), { status: 'alive' })
  const ready = await app.inject('/readyz')
  t.equal(ready.statusCode, 200)
  t.same(ready.json(), { status: 'ready', failing: [] })
  const health = await app.inject('/api/health')
  t.equal(health.statusCode, 200)
  t.same(health.json(), {
    status: 'healthy',
    version: '0.0.0-test',
    containers: 1,
    acting: { acting: true },
    parts: [
      'docker',
      'journal',
      'configuration',
      'alertmanager',
      'privileges',
      'collector census',
      'collector host',
      'collector configuration',
      'collector journal',
    ].map((name) => ({ name, ok: true })),
    policyErrors: [],
  })
})

const bad: readonly (readonly [string, (setting: SimulatedPidwarden) => void, string, RegExp])[] = [
  [
    'Docker is away',
    ({ engine }) => {
      engine.connection = { connected: false, listedAt: undefined, error: 'connect ENOENT' }
    },
    'docker',
    /connect ENOENT/,
  ],
  [
    'Docker was never there',
    ({ engine }) => {
      engine.connection = { connected: false, listedAt: undefined, error: undefined }
    },
    'docker',
    /not connected/,
  ],
  [
    'the journal cannot be read',
    ({ database }) => database.exec('DROP TABLE effects; DROP TABLE steps; DROP TABLE runs'),
    'journal',
    /no such table/,
  ],
  [
    'a capability is missing',
    ({ privileges }) => privileges.push({ name: 'CAP_KILL', consequence: 'nothing can be signalled' }),
    'privileges',
    /CAP_KILL is missing: nothing can be signalled/,
  ],
  [
    'a container may not be read',
    ({ host }) => {
      host.cgroupFailure = denied
    },
    'collector census',
    /metamcp: EACCES/,
  ],
  [
    'the host may not be read',
    ({ system }) => {
      system.read = () => Promise.reject(new Error('no /proc/meminfo'))
    },
    'collector host',
    /meminfo/,
  ],
]

for (const [name, spoil, part, detail] of bad) {
  t.test(`in bad state: ${name}`, async (t) => {
    const setting = createPidwarden()
    const { app, host, engine } = setting
    addGateway(host, engine)
    spoil(setting)
    t.equal((await app.inject('/metrics')).statusCode, 200, 'a scrape tells what it can')
    t.equal((await app.inject('/healthz')).statusCode, 200, 'it is alive')
    const ready = await app.inject('/readyz')
    t.equal(ready.statusCode, 503)
    t.match(ready.json(), { status: 'not ready' })
    const failing: { name: string }[] = ready.json().failing
    t.match(
      failing.find((one) => one.name === part),
      { ok: false, detail },
    )
    const health = await app.inject('/api/health')
    t.equal(health.statusCode, 200, 'for people, not for probes')
    t.equal(health.json().status, 'degraded')
    t.match(
      health.json().parts.find((one: { name: string }) => one.name === part),
      { ok: false, detail },
    )
  })
}

t.test('what failed and works again is ready again', async (t) => {
  const { app, host, engine } = createPidwarden()
  addGateway(host, engine)
  host.cgroupFailure = denied
  await app.inject('/metrics')
  t.equal((await app.inject('/readyz')).statusCode, 503)
  host.cgroupFailure = undefined
  await app.inject('/metrics')
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('a misspelt label is told, and is no reason not to be ready', async (t) => {
  const { app, host, engine } = createPidwarden()
  addGateway(host, engine, 'metamcp', { 'pidwarden.mod': 'enforce' })
  t.match((await app.inject('/api/health')).json().policyErrors, [
    { name: 'metamcp', errors: [/pidwarden\.mod: unknown/] },
  ])
  t.equal((await app.inject('/readyz')).statusCode, 200)
})

t.test('a new configuration that was refused: degraded, and still ready with the one before', async (t) => {
  const { app, start, metrics, clock } = createPidwarden()
  start.configError = 'pidwarden.yaml:2: policy.mode: must be one of others'
  t.equal((await app.inject('/readyz')).statusCode, 200)
  const { status, parts } = (await app.inject('/api/health')).json()
  t.equal(status, 'degraded')
  t.match(
    parts.find(({ name }: { name: string }) => name === 'configuration'),
    { ok: false, detail: start.configError },
  )
  t.same(family(await clock.drive(metrics.render().then(String)), 'config_last_reload_successful'), { '': 0 })
  delete start.configError
  t.equal((await app.inject('/api/health')).json().status, 'healthy')
  t.same(family(await clock.drive(metrics.render().then(String)), 'config_last_reload_successful'), { '': 1 })
})
