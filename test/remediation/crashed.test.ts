import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import type { Run } from '../../src/journal/records.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { alertAbout, createPidwarden } from '../support/simulated-pidwarden.ts'

const wanted = { playbook: 'restart-unhealthy', tier: 'critical', resource: 'health' }
const labels = { 'pidwarden.mode': 'enforce', 'pidwarden.thresholds.health.critical': '1' }

/** A container whose health is a matter of pidwarden. */
function setUp(more: Record<string, string> = {}) {
  const pidwarden = createPidwarden()
  const { container } = addGateway(pidwarden.host, pidwarden.engine, 'app', { ...labels, ...more })
  const { engine } = pidwarden
  const begin = engine.run.bind(engine)
  engine.run = (one) => {
    delete one.endedBy
    begin(one)
  }
  const crash = (): void => {
    engine.halt(container)
    Object.assign(container, { exitCode: 139, endedBy: 'itself' })
  }
  return { ...pidwarden, container, crash }
}

t.test('one that is unhealthy is restarted', async (t) => {
  const { container, perform, host, engine } = setUp()
  container.health = 'unhealthy'
  engine.onStopped = () => {
    container.health = 'healthy'
  }
  const { ending, story } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /health 1 -> 0/ })
  t.same(host.effects, ['stop app 10', 'start app'])
  t.same(
    story.steps.map(({ action }) => action),
    ['collect-evidence', 'restart-container'],
  )
})

t.test('one that starts slowly is not taken for one that stays ill', async (t) => {
  const { container, perform, engine, clock } = setUp()
  container.health = 'unhealthy'
  engine.onStopped = () => {
    container.health = 'starting'
    clock.sleep(150_000).then(() => {
      container.health = 'healthy'
    }, t.error)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'fixed' })
})

for (const health of ['healthy', 'starting', 'none'] as const) {
  t.test(`one that is ${health} is left alone`, async (t) => {
    const { container, perform, host } = setUp()
    container.health = health
    t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'tier_not_reached' })
    t.same(host.effects, [])
  })
}

t.test('one that has crashed is started, with its last lines as evidence', async (t) => {
  const { container, crash, perform, host, engine, journal } = setUp()
  engine.logs.set(container.id, ['Segmentation fault', 'API_KEY=hunter2'])
  crash()
  const life = container.startedAt
  const { ending, story } = await perform(container, wanted)
  t.match(ending, { outcome: 'fixed', reason: 'cleared', detail: /health 1 -> 0/ })
  t.same(host.effects, ['start app'], 'nothing that does not run is stopped')
  t.equal(container.state, 'running')
  const [evidence, restart] = story.steps
  t.match(evidence?.plan, [
    { state: 'exited', exitCode: 139, measurement: { processes: 0, health: 1 } },
    { log: ['Segmentation fault', 'API_KEY=…'] },
  ])
  t.match(restart?.effects, [{ kind: 'start', life, result: 'done' }])
  t.match(story, { before: { health: 1, processes: 0 }, after: { health: 0, processes: 5 } })
  t.same(journal.debts(), [])
})

t.test('the intent is on file before it is started, or it is not', async (t) => {
  const { container, crash, perform, host, database } = setUp()
  crash()
  const on = "INSERT ON effects WHEN new.kind = 'start'"
  database.exec(`CREATE TRIGGER full BEFORE ${on} BEGIN SELECT RAISE(ABORT, 'disk is full'); END`)
  t.match((await perform(container, wanted)).ending, { outcome: 'failed', detail: /nothing was done/ })
  t.same(host.effects, [])
})

for (const [what, change] of [
  ['was stopped by order', { endedBy: 'order' }],
  ['was not seen to end', { endedBy: undefined }],
  ['was done', { exitCode: 0 }],
  ['was never started', { state: 'created' }],
  ['is started again by Docker', { state: 'restarting' }],
  ['is being removed', { state: 'removing' }],
  ['is dead', { state: 'dead' }],
  ['is paused', { state: 'paused' }],
] as const) {
  t.test(`one that ${what} is left alone`, async (t) => {
    const { container, crash, perform, host } = setUp()
    crash()
    Object.assign(container, change)
    t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'not_running' })
    t.same(host.effects, [])
  })
}

t.test('a run about anything else never begins on one that has crashed', async (t) => {
  const { container, crash, perform, host } = setUp({ 'pidwarden.thresholds.zombies.critical': '1' })
  crash()
  for (const other of [
    { playbook: 'restart', tier: 'nuclear', resource: 'duplicates' },
    { playbook: 'record', tier: 'warning', resource: 'zombies' },
    { playbook: 'cleanup', tier: 'critical', resource: 'processes' },
  ])
    t.match((await perform(container, other)).ending, { outcome: 'skipped', reason: 'not_running' })
  t.same(host.effects, [])
})

t.test('nor one that nobody asked for: no threshold, no opt-in, or a dry run', async (t) => {
  for (const [more, reason] of [
    [{ 'pidwarden.mode': 'observe' }, 'not_enforced'],
    [{ 'pidwarden.mode': 'dry-run' }, 'dry_run'],
    [{ 'pidwarden.thresholds.health.critical': 'off' }, 'tier_not_reached'],
    [{ 'pidwarden.stack': '' }, 'own_stack'],
  ] as const) {
    const { container, crash, perform, host } = setUp(more)
    crash()
    t.match((await perform(container, wanted)).ending, { reason })
    t.same(host.effects, [])
  }
})

t.test('one that does not find its network is not gone', async (t) => {
  const { container, crash, perform, engine } = setUp()
  crash()
  engine.failures.start.push(new DockerError('not_found', 'start: 404: network x not found'))
  t.match((await perform(container, wanted)).ending, {
    outcome: 'failed',
    reason: 'action_failed',
    detail: 'start: 404: network x not found',
  })
})

t.test('one that somebody has started meanwhile is theirs', async (t) => {
  const { container, crash, perform, host, engine } = setUp()
  crash()
  const { refresh } = engine.inventory
  let looks = 0
  engine.inventory.refresh = (id) => {
    if (++looks === 2) engine.run(container)
    return refresh(id)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'container_replaced' })
  t.same(host.effects, [])
})

t.test('one that is stopped by order meanwhile stays stopped', async (t) => {
  const { container, crash, perform, host, engine } = setUp()
  crash()
  const { refresh } = engine.inventory
  let looks = 0
  engine.inventory.refresh = (id) => {
    if (++looks === 2) container.endedBy = 'order'
    return refresh(id)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'unknown', reason: 'census_unknown' })
  t.same(host.effects, [])
})

t.test('one that is removed before it is started', async (t) => {
  const { container, crash, perform, engine } = setUp()
  crash()
  const { start } = engine.docker
  engine.docker.start = (id) => {
    engine.remove(container)
    return start(id)
  }
  t.match((await perform(container, wanted)).ending, { outcome: 'skipped', reason: 'container_gone' })
})

t.test('a start that Docker refuses is a failure, and counts', async (t) => {
  const { container, crash, perform, engine, journal } = setUp()
  crash()
  engine.failures.start.push(unreachable())
  t.match((await perform(container, wanted)).ending, { outcome: 'unknown', reason: 'docker_unreachable' })
  t.equal(journal.restartsSince('app', 0), 1)
})

/** Sends the alert, as Prometheus would for as long as it is ill, and waits until what comes of it is over. */
async function alert({ receive, container, runner, clock, journal }: ReturnType<typeof setUp>, at: number) {
  receive(alertAbout(container, wanted, { fingerprint: `crash ${at}` }))
  await clock.until(() => runner.inProgress().length === 0)
  return journal.recentRuns(1)[0] as Run
}

t.test('one that crashes again at once ends at people after the first start', async (t) => {
  const setting = setUp()
  const { crash, engine, host, journal, clock } = setting
  crash()
  const { start } = engine.docker
  engine.docker.start = async (id) => {
    await start(id)
    crash()
  }
  t.match((await alert(setting, 0)).ending, {
    outcome: 'failed',
    reason: 'action_failed',
    detail: /has ended again with exit code 139/,
  })
  t.match(journal.incidents.open(), [{ manual: { reason: /ended again/ } }])
  for (let again = 1; again < 20; again++) {
    clock.advance(60_000)
    await alert(setting, again)
  }
  t.same(host.effects, ['start app'], 'and nobody starts it again and again')
})

t.test('one that crashes some time after every start ends at people too', async (t) => {
  const setting = setUp()
  const { crash, host, journal, clock } = setting
  for (let again = 0; again < 20; again++) {
    crash()
    await alert(setting, again)
    clock.advance(60_000)
  }
  t.same(host.effects, ['start app', 'start app', 'start app'], 'three an hour')
  t.match(journal.recentRuns(20).find(({ ending }) => ending?.reason === 'restart_budget')?.ending, {
    outcome: 'skipped',
  })
  t.match(journal.incidents.open(), [{ manual: { reason: /restarted 3 times/ } }])
})
