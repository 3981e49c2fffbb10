import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import { recover, settleDebts } from '../../src/remediation/recover.ts'
import { unreachable } from '../support/simulated-docker.ts'
import { addGateway } from '../support/simulated-gateway.ts'
import { createPidwarden } from '../support/simulated-pidwarden.ts'

/** A journal as a crash leaves it: a run was at work in a step. */
function setUp(action = 'kill-duplicates') {
  const pidwarden = createPidwarden()
  const { host, engine, journal, addRun, runner, ports, logger: log, clock } = pidwarden
  const farm = addGateway(host, engine)
  farm.duplicate(10)
  const run = addRun(farm.container)
  journal.startRun(run.id)
  const stepId = journal.addStep(run.id, action)
  const life = farm.container.startedAt
  const recoverPorts = { journal, docker: ports.docker, clock, runner, log }
  return {
    ...pidwarden,
    ...farm,
    run,
    stepId,
    recover: () => recover(recoverPorts),
    /** How many containers are still down. */
    settle: () => clock.drive(settleDebts(recoverPorts)),
    effect: (kind: 'stop' | 'start' | 'signal', result?: string) => {
      const [id] = journal.intend(stepId, [{ kind, ...(kind === 'stop' && { life }) }])
      if (result !== undefined) journal.complete([{ id: id!, result }])
    },
    story: () => journal.story(run.id),
  }
}

t.test('a run that was at work is interrupted, and nothing of it is repeated', async (t) => {
  const { recover, settle, effect, story, host, clock, journal } = setUp()
  effect('signal')
  recover()
  t.match(story(), { state: 'done', ending: { outcome: 'interrupted', reason: 'crash' } })
  t.match(story()?.steps[0]?.effects, [{ kind: 'signal', result: undefined }], 'the intent stays as it is')
  t.equal(await settle(), 0)
  clock.advance(600_000)
  await clock.settle()
  t.same(host.effects, [])
  t.same(journal.openRuns(), [])
})

t.test('marking does not need Docker, and starts nothing by itself', async (t) => {
  const { recover, effect, story, engine, container, host } = setUp('restart-container')
  effect('stop', 'done')
  engine.halt(container)
  engine.failures.inspect.push(unreachable())
  recover()
  t.match(story()?.ending, { outcome: 'interrupted', reason: 'crash' })
  t.same(host.effects, [])
})

for (const [name, effects, started] of [
  ['stopped, and nothing more', [['stop', 'done']], true],
  ['died within the stop', [['stop', undefined]], true],
  ['the stop seemed to fail', [['stop', 'failed: timeout']], true],
  [
    'died within the start',
    [
      ['stop', 'done'],
      ['start', undefined],
    ],
    true,
  ],
  [
    'a start had failed',
    [
      ['stop', 'done'],
      ['start', 'failed: busy'],
    ],
    true,
  ],
  [
    'started again already',
    [
      ['stop', 'done'],
      ['start', 'done'],
    ],
    false,
  ],
  [
    'a failed start, then one that worked',
    [
      ['stop', 'done'],
      ['start', 'failed: x'],
      ['start', 'done'],
    ],
    false,
  ],
  ['nothing but signals', [['signal', 'sent']], false],
] as const) {
  t.test(`in the middle of a restart: ${name}`, async (t) => {
    const { recover, settle, effect, story, host, engine, container } = setUp('restart-container')
    for (const [kind, result] of effects) effect(kind, result)
    if (started) engine.halt(container)
    recover()
    t.equal(await settle(), 0)
    t.equal(await settle(), 0)
    t.same(host.effects, started ? ['start metamcp'] : [])
    t.equal(container.state, 'running')
    t.match(story(), { state: 'done', ending: { outcome: 'interrupted', reason: 'crash' } })
    const all = story()?.steps[0]?.effects ?? []
    t.equal(all.length, effects.length + (started ? 1 : 0))
    if (started) t.match(all.at(-1), { kind: 'start', result: 'done' })
  })
}

t.test('died within a stop that goes on in the engine: started once the old life is over', async (t) => {
  const { recover, settle, effect, engine, container, host, clock } = setUp('restart-container')
  effect('stop')
  engine.slowStop = 40_000
  await t.rejects(engine.docker.stop(container.id, 10))
  recover()
  t.equal(await settle(), 1, 'it still runs, and that is no proof')
  clock.advance(30_000)
  t.equal(await settle(), 0)
  t.equal(container.state, 'running')
  t.same(host.effects, ['stop metamcp 10', 'start metamcp'])
})

for (const [name, prepare] of [
  ['removed', ({ engine, container }) => engine.remove(container)],
  [
    'started and stopped by somebody else',
    ({ engine, container }) => {
      engine.run(container)
      engine.halt(container)
    },
  ],
] as const satisfies readonly (readonly [string, (setting: ReturnType<typeof setUp>) => void])[]) {
  t.test(`a container that was ${name} is accounted for, and left alone`, async (t) => {
    const setting = setUp('restart-container')
    const { recover, settle, effect, engine, container, host, journal } = setting
    effect('stop', 'done')
    engine.halt(container)
    prepare(setting)
    recover()
    t.equal(await settle(), 0)
    t.same(journal.debts(), [])
    t.same(host.effects, [])
  })
}

t.test('a stop that came to nothing is no debt for ever: who stops it later means it', async (t) => {
  const { recover, settle, effect, engine, container, host, journal, clock } = setUp('restart-container')
  effect('stop', 'failed: 500')
  recover()
  t.equal(await settle(), 1, 'it may end yet')
  clock.advance(300_000)
  t.equal(await settle(), 0)
  t.same(journal.debts(), [])
  engine.halt(container)
  t.equal(await settle(), 0)
  t.equal(container.state, 'exited')
  t.same(host.effects, [])
})

t.test('what cannot be started this time is started another time', async (t) => {
  const { recover, settle, effect, story, engine, container, host, logs, clock } = setUp('restart-container')
  effect('stop', 'done')
  engine.halt(container)
  engine.failures.start.push(...Array.from({ length: 99 }, unreachable))
  recover()
  t.match(story()?.ending, { outcome: 'interrupted', reason: 'crash' })
  t.equal(await settle(), 1)
  t.ok(clock.monotonic() < 30_000, 'others wait behind it')
  t.match(logs.join(''), /does not run again/)
  engine.failures.start.length = 0
  t.equal(await settle(), 0)
  t.same(host.effects, ['start metamcp'])
})

t.test('one container that cannot be started does not keep the next one down', async (t) => {
  const { recover, settle, effect, engine, container, host, journal, addRun } = setUp('restart-container')
  effect('stop', 'done')
  engine.halt(container)
  const other = addGateway(host, engine, 'other')
  const run = addRun(other.container)
  journal.startRun(run.id)
  journal.intend(journal.addStep(run.id, 'restart-container'), [
    { kind: 'stop', life: other.container.startedAt },
  ])
  engine.halt(other.container)
  const { start } = engine.docker
  engine.docker.start = async (id) => {
    if (id === container.id) throw new DockerError('failed', 'port is already allocated')
    return start(id)
  }
  recover()
  t.equal(await settle(), 1)
  t.equal(other.container.state, 'running')
  t.match(journal.debts(), [{ name: 'metamcp', containerId: container.id, runId: 'run-1' }])
})

t.test('a journal that cannot be written keeps no container down', async (t) => {
  const { settle, recover, effect, engine, container, host, journal, addRun, database } =
    setUp('restart-container')
  effect('stop', 'done')
  engine.halt(container)
  const other = addGateway(host, engine, 'other')
  const run = addRun(other.container)
  journal.startRun(run.id)
  journal.intend(journal.addStep(run.id, 'restart-container'), [
    { kind: 'stop', life: other.container.startedAt },
  ])
  engine.halt(other.container)
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON effects
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;
    CREATE TRIGGER full_too BEFORE UPDATE ON runs
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  t.throws(recover, /disk is full/)
  t.equal(await settle(), 2, 'not on file')
  t.same([container.state, other.container.state], ['running', 'running'])
  t.same(host.effects, ['start metamcp', 'start other'])
  database.exec('DROP TRIGGER full; DROP TRIGGER full_too')
  t.equal(await settle(), 0)
  t.same(host.effects, ['start metamcp', 'start other'], 'nothing is started twice')
})

t.test('what a run is at work on is its own affair', async (t) => {
  const { addRun, runner, settle, host, engine, clock, journal } = setUp()
  const other = addGateway(host, engine, 'other')
  other.duplicate(50, { listens: { kind: 'value', value: true } })
  const run = addRun(other.container, { playbook: 'restart', tier: 'nuclear' })
  runner.submit(run)
  await clock.until(() => other.container.state === 'exited')
  t.match(journal.debts(), [{ runId: run.id }])
  t.equal(await settle(), 0)
  t.equal(other.container.state, 'exited', 'its pause is not cut short')
  await clock.until(() => runner.inProgress().length === 0)
  t.match(journal.story(run.id)?.ending, { outcome: 'fixed' })
  t.same(journal.debts(), [])
})

t.test('what an earlier run owes does not cut the pause of a later one short', async (t) => {
  const { recover, settle, effect, story, container, host, clock, runner, addRun, journal, duplicate } =
    setUp('restart-container')
  duplicate(50, { listens: { kind: 'value', value: true } })
  // Died right before the stop: the old life goes on, and whether it will end nobody knows.
  effect('stop')
  recover()
  const run = addRun(container, { playbook: 'restart', tier: 'nuclear' })
  runner.submit(run)
  const settled = settle()
  await clock.until(() => container.state === 'exited')
  const stoppedAt = clock.monotonic()
  await clock.until(() => container.state === 'running')
  t.ok(clock.monotonic() - stoppedAt >= 10_000, `down for ${clock.monotonic() - stoppedAt} ms`)
  await settled
  await clock.until(() => runner.inProgress().length === 0)
  t.equal(await settle(), 0)
  t.match(journal.story(run.id)?.ending, { outcome: 'fixed' })
  t.match(story()?.steps[0]?.effects.at(-1), { kind: 'start', result: 'done' })
  // The stop of the earlier one counts: this is the second, which brings limits with it.
  const lifecycle = host.effects.filter((one) => !one.startsWith('limit'))
  t.same(lifecycle.slice(-2), ['stop metamcp 10', 'start metamcp'])
})

t.test('a run that gave up starting leaves a debt, which is paid without a crash', async (t) => {
  const { perform, settle, host, engine, container, journal, duplicate } = setUp()
  duplicate(50, { listens: { kind: 'value', value: true } })
  engine.onStopped = () => engine.failures.start.push(...Array.from({ length: 999 }, unreachable))
  const { ending } = await perform(container, { playbook: 'restart', tier: 'nuclear' })
  t.match(ending, { outcome: 'failed', reason: 'action_failed' })
  t.equal(container.state, 'exited')
  engine.failures.start.length = 0
  t.equal(await settle(), 0)
  t.equal(container.state, 'running')
  t.same(journal.debts(), [])
  t.same(host.effects.slice(-2), ['stop metamcp 10', 'start metamcp'])
})

t.test('a run that only waited is taken up again', async (t) => {
  const { recover, addRun, host, engine, journal, clock, run } = setUp()
  const other = addGateway(host, engine, 'other')
  other.duplicate(10)
  const waiting = addRun(other.container)
  const behind = addRun({ ...other.container, id: run.containerId, name: 'metamcp' })
  recover()
  await clock.until(() => journal.openRuns().length === 0)
  t.match(journal.story(run.id)?.ending, { outcome: 'interrupted' })
  t.match(journal.story(waiting.id)?.ending, { outcome: 'fixed' })
  t.match(journal.story(behind.id)?.ending, { outcome: 'fixed' }, 'the interrupted one does not block it')
})

t.test('an attempt that broke off half way does not take up a run twice, nor call it crashed', async (t) => {
  const { recover, journal, runner, addRun, host, engine, clock, database } = setUp()
  // In the journal: metamcp at work, `waits` queued, `broken` at work, and its end cannot be written.
  const waits = addGateway(host, engine, 'waits')
  waits.duplicate(30, { stubborn: true })
  const waiting = addRun(waits.container)
  const broken = addRun(addGateway(host, engine, 'broken').container)
  journal.startRun(broken.id)
  database.exec(`CREATE TRIGGER full BEFORE UPDATE ON runs WHEN new.id = '${broken.id}'
    BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
  t.throws(recover, /disk is full/)
  await clock.settle()
  database.exec('DROP TRIGGER full')
  recover()
  t.match(journal.story(broken.id)?.ending, { outcome: 'interrupted', reason: 'crash' })
  t.not(journal.story(waiting.id)?.ending?.outcome, 'interrupted', 'it is at work at this very moment')
  await clock.until(() => journal.openRuns().length === 0 && runner.inProgress().length === 0)
  t.match(journal.story(waiting.id)?.ending, { outcome: 'fixed' })
  const steps = journal.story(waiting.id)?.steps.map(({ action }) => action)
  t.same(steps, ['collect-evidence', 'kill-orphans', 'kill-duplicates'], 'it was carried out once')
})
