import t from 'tap'
import { DockerError } from '../../src/host/docker.ts'
import { recover } from '../../src/remediation/recover.ts'
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
  return {
    ...pidwarden,
    ...farm,
    run,
    stepId,
    recover: () => clock.drive(recover({ journal, docker: ports.docker, runner, log })),
    effect: (kind: 'stop' | 'start' | 'signal', result?: string) => {
      const [id] = journal.intend(stepId, [{ kind }])
      if (result !== undefined) journal.complete([{ id: id!, result }])
    },
    story: () => journal.story(run.id),
  }
}

t.test('a run that was at work is interrupted, and nothing of it is repeated', async (t) => {
  const { recover, effect, story, host, clock, journal } = setUp()
  effect('signal')
  await recover()
  t.match(story(), { state: 'done', ending: { outcome: 'interrupted', reason: 'crash' } })
  t.match(story()?.steps[0]?.effects, [{ kind: 'signal', result: undefined }], 'the intent stays as it is')
  clock.advance(600_000)
  await clock.settle()
  t.same(host.effects, [])
  t.same(journal.openRuns(), [])
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
    const { recover, effect, story, host, engine, container } = setUp('restart-container')
    for (const [kind, result] of effects) effect(kind, result)
    if (started) engine.halt(container)
    await recover()
    t.same(host.effects, started ? ['start metamcp'] : [])
    t.equal(container.state, 'running')
    t.match(story(), { state: 'done', ending: { outcome: 'interrupted', reason: 'crash' } })
    const all = story()?.steps[0]?.effects ?? []
    t.equal(all.length, effects.length + (started ? 1 : 0))
    if (started) t.match(all.at(-1), { kind: 'start', result: 'done' })
  })
}

t.test('a container that is gone cannot be started, and that is on file', async (t) => {
  const { recover, effect, story, engine, container } = setUp('restart-container')
  effect('stop', 'done')
  engine.remove(container)
  await recover()
  t.match(story()?.ending, { outcome: 'interrupted' })
  t.match(story()?.steps[0]?.effects.at(-1), { kind: 'start', result: /^failed: .*no such container/ })
})

t.test('while Docker is away the run stays open, and the next attempt puts it in order', async (t) => {
  const { recover, effect, story, engine, container, host } = setUp('restart-container')
  effect('stop', 'done')
  engine.halt(container)
  engine.failures.start.push(unreachable(), new DockerError('timeout', 'start: no answer'))
  await t.rejects(recover(), { code: 'unreachable' })
  t.equal(story()?.state, 'running')
  await t.rejects(recover(), { code: 'timeout' })
  await recover()
  t.match(story()?.ending, { outcome: 'interrupted', reason: 'crash' })
  t.same(host.effects, ['start metamcp'])
})

t.test('a run that only waited is taken up again', async (t) => {
  const { recover, addRun, host, engine, journal, clock, run } = setUp()
  const other = addGateway(host, engine, 'other')
  other.duplicate(10)
  const waiting = addRun(other.container)
  const behind = addRun({ ...other.container, id: run.containerId, name: 'metamcp' })
  await recover()
  await clock.until(() => journal.openRuns().length === 0)
  t.match(journal.story(run.id)?.ending, { outcome: 'interrupted' })
  t.match(journal.story(waiting.id)?.ending, { outcome: 'fixed' })
  t.match(journal.story(behind.id)?.ending, { outcome: 'fixed' }, 'the interrupted one does not block it')
})

t.test('an attempt that broke off half way does not take up a run twice, nor call it crashed', async (t) => {
  const { journal, runner, ports, logger: log, addRun, host, engine, clock } = setUp()
  // In the journal: metamcp at work (nothing stopped), `waits` queued, `stopped` in the middle of a restart.
  const waits = addGateway(host, engine, 'waits')
  waits.duplicate(30, { stubborn: true })
  const waiting = addRun(waits.container)
  const stopped = addGateway(host, engine, 'stopped')
  const restarting = addRun(stopped.container)
  journal.startRun(restarting.id)
  journal.intend(journal.addStep(restarting.id, 'restart-container'), [{ kind: 'stop' }])
  engine.halt(stopped.container)
  engine.failures.start.push(unreachable())
  const attempt = () => recover({ journal, docker: ports.docker, runner, log })
  await t.rejects(attempt(), { code: 'unreachable' })
  await clock.settle()
  await attempt()
  t.equal(stopped.container.state, 'running')
  t.not(journal.story(waiting.id)?.ending?.outcome, 'interrupted', 'it is at work at this very moment')
  await clock.until(() => journal.openRuns().length === 0 && runner.inProgress().length === 0)
  t.match(journal.story(waiting.id)?.ending, { outcome: 'fixed' })
  const steps = journal.story(waiting.id)?.steps.map(({ action }) => action)
  t.same(steps, ['collect-evidence', 'kill-orphans', 'kill-duplicates'], 'it was carried out once')
})
