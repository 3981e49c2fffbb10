import t from 'tap'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** Two containers with so much leaked in each that a run takes its time. */
function setUp() {
  const pidwarden = createPidwarden()
  const { host, engine, journal } = pidwarden
  const one = addGateway(host, engine, 'one')
  const two = addGateway(host, engine, 'two')
  for (const { duplicate } of [one, two]) duplicate(60, { stubborn: true })
  return {
    ...pidwarden,
    one,
    two,
    state: (id: string) => journal.story(id)?.state,
    ended: (id: string) => journal.story(id)?.ending,
  }
}

const critical = { playbook: 'cleanup', tier: 'critical' }
const emergency = { playbook: 'cleanup', tier: 'emergency' }
const nuclear = { playbook: 'restart', tier: 'nuclear' }

t.test('one run at a time for a container', async (t) => {
  const { runner, addRun, one, clock, state, ended, journal } = setUp()
  const first = addRun(one.container, critical)
  const second = addRun(one.container, { ...critical, resource: 'processes' })
  runner.submit(first)
  runner.submit(second)
  t.same(
    [first, second].map(({ id }) => state(id)),
    ['running', 'queued'],
  )
  t.same(runner.inProgress(), ['one'])
  await clock.until(() => state(first.id) === 'done')
  await clock.until(() => state(second.id) === 'done')
  await clock.settle()
  t.same(runner.inProgress(), [])
  t.match(ended(first.id), { outcome: 'fixed' })
  t.match(ended(second.id), { outcome: 'skipped', reason: 'tier_not_reached' }, 'it looked for itself')
  const stories = [first, second].map(({ id }) => journal.story(id))
  t.ok((stories[0]?.endedAt ?? 0) <= (stories[1]?.startedAt ?? 0))
})

t.test('containers side by side', async (t) => {
  const { runner, addRun, one, two, clock, state } = setUp()
  const runs = [addRun(one.container), addRun(two.container)]
  for (const run of runs) runner.submit(run)
  t.same(
    runs.map(({ id }) => state(id)),
    ['running', 'running'],
  )
  t.same([...runner.inProgress()].sort(), ['one', 'two'])
  await clock.until(() => runs.every(({ id }) => state(id) === 'done'))
})

t.test('a higher tier supersedes what runs and what waits', async (t) => {
  const { runner, addRun, one, clock, state, ended, host } = setUp()
  const runs = [
    addRun(one.container, critical),
    addRun(one.container, { ...critical, resource: 'processes' }),
    addRun(one.container, nuclear),
  ] as const
  runner.submit(runs[0])
  await clock.until(() => host.signals.length > 0)
  runner.submit(runs[1])
  runner.submit(runs[2])
  t.match(ended(runs[1].id), { outcome: 'superseded', reason: 'higher_tier', detail: /nuclear/ })
  t.equal(state(runs[0].id), 'running', 'it is not torn off')
  await clock.until(() => state(runs[2].id) === 'done')
  t.match(ended(runs[0].id), { outcome: 'superseded', reason: 'higher_tier' })
  t.match(ended(runs[2].id), { outcome: 'fixed' })
})

t.test('a superseded run finishes the tree that it has begun', async (t) => {
  const { runner, addRun, one, clock, state, host } = setUp()
  const [lower, higher] = [addRun(one.container, critical), addRun(one.container, nuclear)]
  runner.submit(lower)
  await clock.until(() => host.signals.length > 0)
  const canary = host.signals.map(({ pid }) => pid)
  runner.submit(higher)
  await clock.until(() => state(lower.id) === 'done')
  for (const pid of canary) t.notOk(host.processes.has(pid), `${pid} is not left half ended`)
  await clock.until(() => state(higher.id) === 'done')
})

t.test('a lower tier is merged into a higher one that runs or waits', async (t) => {
  const { runner, addRun, one, clock, state, ended } = setUp()
  const running = addRun(one.container, emergency)
  runner.submit(running)
  const late = addRun(one.container, critical)
  runner.submit(late)
  t.match(ended(late.id), { outcome: 'superseded', reason: 'higher_tier', detail: /emergency/ })
  t.equal(state(running.id), 'running')
  const waiting = addRun(one.container, { ...emergency, resource: 'processes' })
  runner.submit(waiting)
  const later = addRun(one.container, critical)
  runner.submit(later)
  t.match(ended(later.id), { outcome: 'superseded' })
  t.equal(state(waiting.id), 'queued', 'what is as high waits its turn')
  await clock.until(() => state(waiting.id) === 'done')
  t.equal(state(running.id), 'done')
  t.not(ended(running.id)?.outcome, 'superseded')
})

t.test('a run that is not over by its deadline is cancelled', async (t) => {
  const { runner, addRun, one, clock, state, ended, settings } = setUp()
  settings.runDeadline = 20
  settings.grace = 9
  const run = addRun(one.container)
  runner.submit(run)
  await clock.until(() => state(run.id) === 'done')
  t.match(ended(run.id), { outcome: 'cancelled', reason: 'deadline', detail: /20 s/ })
  t.ok(clock.monotonic() < 40_000)
})

t.test('knows: what is at work and what waits, and nothing else', async (t) => {
  const { runner, addRun, one, two, clock, state } = setUp()
  const running = addRun(one.container, critical)
  const waiting = addRun(one.container, { ...critical, resource: 'processes' })
  const elsewhere = addRun(two.container, critical)
  const onFile = addRun(two.container, critical)
  const known = () => [running, waiting, elsewhere, onFile].map(({ id }) => runner.knows(id))
  t.same(known(), [false, false, false, false])
  for (const run of [running, waiting, elsewhere]) runner.submit(run)
  t.same(known(), [true, true, true, false])
  await clock.until(() => state(running.id) === 'done')
  await clock.settle()
  t.equal(runner.knows(running.id), false)
  await clock.until(() => runner.inProgress().length === 0)
  t.same(known(), [false, false, false, false])
})

t.test('drain: what runs is cancelled at a safe point, what waits stays for the next start', async (t) => {
  const { runner, addRun, one, two, clock, state, ended, host } = setUp()
  const running = addRun(one.container)
  const waiting = addRun(one.container, { ...critical, resource: 'processes' })
  runner.submit(running)
  runner.submit(waiting)
  await clock.until(() => host.signals.length > 0)
  const canary = host.signals.map(({ pid }) => pid)
  await clock.drive(runner.drain())
  t.match(ended(running.id), { outcome: 'cancelled', reason: 'shutdown' })
  for (const pid of canary) t.notOk(host.processes.has(pid))
  t.equal(state(waiting.id), 'queued')
  const late = addRun(two.container)
  runner.submit(late)
  await clock.settle()
  t.equal(state(late.id), 'queued', 'nothing is taken any more')
  t.same(runner.inProgress(), [])
})

t.test('drain: a container that is being restarted is started first', async (t) => {
  const { runner, addRun, one, clock, engine, host, ended } = setUp()
  for (const { pid } of host.in(one.container.id))
    host.processes.get(pid)!.listens = { kind: 'value', value: true }
  let drained: Promise<void> | undefined
  engine.onStopped = () => {
    drained = runner.drain()
  }
  const run = addRun(one.container, nuclear)
  runner.submit(run)
  await clock.until(() => drained !== undefined)
  await clock.drive(drained ?? Promise.reject(new Error('never stopped')))
  t.same(host.effects, ['stop one 10', 'start one'])
  t.equal(one.container.state, 'running')
  t.ok(ended(run.id))
})

t.test('without work there is nothing to drain', async (t) => {
  const { runner, clock } = setUp()
  await clock.drive(runner.drain())
  t.same(runner.inProgress(), [])
})

t.test('a journal that cannot be written is told, and does not hold up the next run', async (t) => {
  const { runner, addRun, one, two, clock, database, state, logs, host } = setUp()
  const [broken, sound] = [addRun(one.container), addRun(two.container)]
  database.exec(`CREATE TRIGGER full BEFORE UPDATE ON runs WHEN new.id = '${broken.id}'
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  runner.submit(broken)
  runner.submit(sound)
  await clock.until(() => state(sound.id) === 'done')
  t.match(logs.join(''), /run could not be journalled/)
  t.match(logs.join(''), /disk is full/)
  t.same(runner.inProgress(), [])
  t.equal(host.in(one.container.id).length, 185, 'nothing was done without a journal')
})
