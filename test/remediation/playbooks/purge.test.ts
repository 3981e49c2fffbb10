import t from 'tap'
import { parseConfig } from '../../../src/config.ts'
import { bearer } from '../../support/problem.ts'
import { addGateway, pidsOf, startServer } from '../../support/simulated-gateway.ts'
import { value } from '../../support/simulated-host.ts'
import { alertAbout, createPidwarden, token } from '../../support/simulated-pidwarden.ts'

const headers = bearer(token)
const order = (query = '') =>
  ({ method: 'POST', url: `/api/containers/metamcp/playbooks/purge${query}`, headers }) as const

/** Servers of every kind below one gateway, which somebody orders to be purged. */
function setUp(profile: string, yaml = "policy: { protect: ['node mcp-guarded'] }") {
  const pidwarden = createPidwarden({ yaml })
  const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.profile': profile }
  const gateway = addGateway(pidwarden.host, pidwarden.engine, 'metamcp', labels)
  const { host, app, clock, runner, journal } = pidwarden
  const { container, duplicate, orphan, legitimate } = gateway
  const start = (name: string, options = {}) =>
    startServer(host, container.id, gateway.gateway(), name, options)
  const leaked = [...duplicate(3), ...orphan(2)]
  const unprotected = [legitimate, start('other', { age: 1 }), ...leaked]
  const kept = [start('guarded'), start('web', { listens: value(true) })]
  return {
    ...pidwarden,
    ...gateway,
    leaked,
    unprotected,
    kept,
    alive: (pids: readonly number[]) => pids.filter((pid) => host.processes.has(pid)),
    async purge() {
      const { statusCode, ...response } = await app.inject(order('?dryRun=false'))
      t.equal(statusCode, 202)
      await clock.until(() => runner.inProgress().length === 0)
      return journal.story(response.json().runId)
    },
  }
}

for (const profile of ['unknown', 'generic']) {
  t.test(`an ordered purge ends everything that nothing protects; profile ${profile}`, async (t) => {
    const { purge, alive, unprotected, kept, gateway, container, host } = setUp(profile)
    t.match(await purge(), { playbook: 'purge', ending: { outcome: 'fixed' } })
    t.same(alive(pidsOf(unprotected)), [])
    const rest = [container.pid, gateway(), ...pidsOf(kept)]
    t.same(
      host.in(container.id).map(({ pid }) => pid),
      rest,
    )
    await purge()
    t.equal(alive(rest).length, rest.length, 'nor does another one end the gateway that has nothing left')
  })
}

t.test('whose gateway lives is kept under metamcp, and it says so', async (t) => {
  const { purge, alive, leaked, unprotected, gateway } = setUp('metamcp')
  const story = await purge()
  const orphans = leaked.slice(3)
  t.same(alive(pidsOf(orphans)), [])
  const children = unprotected.filter((one) => !orphans.includes(one))
  t.equal(alive(pidsOf(children)).length, 15)
  t.ok(alive([gateway()]))
  const verdicts = [story?.steps[1]?.plan].flat(2)
  t.match(
    verdicts.filter((one) => JSON.stringify(one).includes('profile_forbids')),
    { length: 8 },
    'all but init',
  )
})

t.test('a gateway whose last server is ended in the course of a purge stays', async (t) => {
  const { host, engine, app, clock, runner } = createPidwarden()
  const container = engine.add({
    name: 'metamcp',
    labels: { 'pidwarden.mode': 'enforce', 'pidwarden.profile': 'generic' },
    fill(id) {
      const init = host.spawn(id, { argv: ['python3', '/app/services.py'], age: 3600 })
      for (const name of ['one', 'two']) {
        const { pid } = host.spawn(id, { ppid: init.pid, argv: ['node', `/app/${name}.js`], age: 3600 })
        for (const server of ['a', 'b']) startServer(host, id, pid, server)
      }
      return init.pid
    },
  })
  t.equal((await app.inject(order('?dryRun=false'))).statusCode, 202)
  await clock.until(() => runner.inProgress().length === 0)
  t.same(
    host.in(container.id).map(({ argv }) => argv[1]),
    ['/app/services.py', '/app/one.js', '/app/two.js'],
  )
})

t.test('a dry run says who goes and why, and who goes with whom', async (t) => {
  const { app, host, leaked } = setUp('generic')
  const [first] = leaked
  host.spawn(first!.leaf.containerId, { ppid: first!.leaf.pid, argv: ['git', 'gc'] })
  const story = (await app.inject(order())).json()
  const told = Map.groupBy(
    story.steps[1].plan as { verdict: string; reason: string }[],
    ({ verdict, reason }) => `${verdict} ${reason}`,
  )
  t.same(
    [...told].map(([what, all]) => [what, all.length]),
    [
      ['kill orphan', 2],
      ['kill duplicate', 3],
      ['kill unprotected', 2],
      ['with hangs_below_victim', 1],
      ['keep init', 1],
      ['keep gateway', 1],
      ['keep protected_command', 1],
      ['keep listens', 1],
    ],
  )
  t.same(host.signals, [])
})

t.test('no alert can call it', async (t) => {
  const { receive, container, perform, host } = setUp('generic')
  t.match(receive(alertAbout(container, { playbook: 'purge' })), [
    { verdict: 'skipped', reason: 'not_for_playbook' },
  ])
  t.match((await perform(container, { playbook: 'purge' })).ending, {
    outcome: 'failed',
    detail: /it is not for that/,
  })
  t.same(host.signals, [])
})

for (const [name, yaml, message] of [
  [
    'a threshold that calls for it',
    'policy: { thresholds: { duplicates: { nuclear: { at: 60, playbook: purge } } } }',
    /policy\.thresholds\.duplicates\.nuclear: purge may only be ordered by a person \(orderedOnly\), and no alert may call it/,
  ],
  [
    'a playbook of its own with that action that an alert could call',
    `playbooks:
  - name: own
    description: x
    steps: [{ action: collect-evidence, onMiss: next }, { action: purge, onMiss: stop }]`,
    /playbooks\.0\.steps\.1\.action: a playbook with purge must be orderedOnly: true/,
  ],
] as const) {
  t.test(`refused: ${name}`, async (t) => {
    t.throws(() => parseConfig(yaml, 'x.yaml'), message)
  })
}

t.test('a playbook of its own may have it, where only people order it', async (t) => {
  const { playbooks } = parseConfig(
    `playbooks:
  - name: own
    description: x
    orderedOnly: true
    steps: [{ action: collect-evidence, onMiss: next }, { action: purge, with: { grace: 1 }, onMiss: stop }]`,
    'x.yaml',
  )
  t.match(playbooks, [{ name: 'own', orderedOnly: true }])
})
