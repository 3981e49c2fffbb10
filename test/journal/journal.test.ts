import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { NewEffect, NewEpisode, NewRun } from '../../src/journal/records.ts'
import { emptyFolder } from '../support/folder.ts'

const episode: NewEpisode = {
  fingerprint: 'f1',
  startsAt: '2026-11-20T12:00:00Z',
  alert: 'PidwardenDuplicatesCritical',
  containerId: 'c1',
  name: 'metamcp',
  playbook: 'cleanup',
  tier: 'critical',
  resource: 'duplicates',
}
const { fingerprint: _, startsAt: __, alert: ___, ...about } = episode
const before = { processes: 40, duplicates: 10, orphans: 1, pids: 55, memoryBytes: 1e9 }
const after = { processes: 10, duplicates: 0, orphans: 0 }

/** A journal in memory with one episode, at second 1, 2, 3 … */
function setUp(path = ':memory:') {
  let seconds = 0
  const now = () => ++seconds * 1000
  const { database } = openDatabase(path, 0)
  const journal = new Journal(database, now)
  const addRun = (id: string, more: Partial<NewRun> = {}) =>
    journal.addRun({ id, episodeId: journal.receive(episode).episode.id, ...about, ...more })
  return { journal, database, addRun, skip: (s: number) => (seconds += s) }
}

t.test('an episode is its fingerprint and its startsAt', async (t) => {
  const { journal } = setUp()
  t.match(journal.receive(episode), { first: true, episode: { ...episode, deliveries: 1, receivedAt: 1000 } })
  const again = journal.receive({ ...episode, name: 'renamed', tier: 'nuclear' })
  t.match(
    again,
    { first: false, episode: { ...episode, deliveries: 2, receivedAt: 1000 } },
    'as it was first',
  )
  t.match(journal.receive({ ...episode, startsAt: 'later' }), { first: true, episode: { id: 2 } })
  t.match(journal.receive({ ...episode, fingerprint: 'f2' }), { first: true, episode: { id: 3 } })
})

t.test('resolved', async (t) => {
  const { journal, database } = setUp()
  t.equal(journal.resolve(episode.fingerprint, episode.startsAt), false, 'an unknown one')
  journal.receive(episode)
  t.equal(journal.resolve(episode.fingerprint, 'another time'), false)
  t.equal(journal.resolve(episode.fingerprint, episode.startsAt), true)
  t.match(database.prepare('SELECT resolved_at FROM episodes').get(), { resolved_at: Number })
})

t.test('a run from queued to done', async (t) => {
  const { journal, addRun } = setUp()
  t.match(addRun('r1'), { id: 'r1', state: 'queued', name: 'metamcp' })
  t.match(journal.openRuns(), [{ id: 'r1', state: 'queued', startedAt: undefined }])
  journal.startRun('r1')
  t.match(journal.openRuns(), [{ id: 'r1', state: 'running', startedAt: Number }])
  journal.endRun('r1', { outcome: 'fixed', reason: 'cleared', detail: '10 -> 0' }, before, after)
  t.same(journal.openRuns(), [])
  t.match(journal.lastRun(1), {
    state: 'done',
    ending: { outcome: 'fixed', reason: 'cleared', detail: '10 -> 0' },
    before,
    after,
    endedAt: Number,
  })
})

t.test('an ending without sentence and numbers stays without them', async (t) => {
  const { journal, addRun } = setUp()
  addRun('r1')
  journal.endRun('r1', { outcome: 'superseded', reason: 'higher_tier' })
  const run = journal.lastRun(1)
  t.same(run?.ending, { outcome: 'superseded', reason: 'higher_tier' })
  for (const key of ['before', 'after', 'startedAt']) t.notOk(run && key in run, key)
})

t.test('newest first, oldest first', async (t) => {
  const { journal, addRun } = setUp()
  for (const id of ['r1', 'r2', 'r3']) addRun(id)
  journal.endRun('r2', { outcome: 'fixed', reason: 'cleared' })
  t.same(
    journal.recentRuns(2).map(({ id }) => id),
    ['r3', 'r2'],
  )
  t.same(
    journal.openRuns().map(({ id }) => id),
    ['r1', 'r3'],
  )
  t.equal(journal.lastRun(1)?.id, 'r3')
  t.equal(journal.lastRun(99), undefined)
})

t.test('the story of a run', async (t) => {
  const { journal, addRun } = setUp()
  addRun('r1')
  const first = journal.addStep('r1', 'kill-orphans')
  journal.planStep(first, [{ pid: 1, verdict: 'kill' }])
  journal.planStep(first, [{ pid: 2, verdict: 'keep' }])
  const ids = journal.intend(first, [
    { kind: 'signal', pid: 7, startTicks: 70, command: 'node x', signal: 'SIGTERM' },
    { kind: 'signal', pid: 8, startTicks: 80, command: 'node y', signal: 'SIGTERM' },
  ])
  journal.complete([{ id: ids[0]!, result: 'sent' }])
  journal.endStep(first, { outcome: 'improved', reason: 'still_above' }, before, after)
  const second = journal.addStep('r1', 'restart-container')
  journal.intend(second, [{ kind: 'stop' }])
  const story = journal.story('r1')
  t.match(story, { id: 'r1', alert: episode.alert, startsAt: episode.startsAt, receivedAt: 1000 })
  t.match(story?.steps, [
    {
      action: 'kill-orphans',
      ending: { outcome: 'improved', reason: 'still_above' },
      plan: [{ pid: 1 }, { pid: 2 }],
      before,
      after,
      effects: [
        { kind: 'signal', pid: 7, startTicks: 70, command: 'node x', signal: 'SIGTERM', result: 'sent' },
        { kind: 'signal', pid: 8, result: undefined, resultAt: undefined },
      ],
    },
    { action: 'restart-container', ending: undefined, effects: [{ kind: 'stop' }] },
  ])
  t.notOk('result' in (story?.steps[0]?.effects[1] ?? {}), 'an intent that was never completed says so')
  t.equal(journal.story('nobody'), undefined)
})

t.test('a transaction is all or nothing', async (t) => {
  const { journal, addRun } = setUp()
  t.throws(
    () =>
      journal.transaction(() => {
        addRun('r1')
        throw new Error('half way')
      }),
    { message: 'half way' },
  )
  t.same(journal.recentRuns(9), [])
  t.equal(journal.receive(episode).first, true, 'the episode is not there either')
  t.equal(
    journal.transaction(() => addRun('r2').id),
    'r2',
  )
  t.equal(journal.recentRuns(9).length, 1)
})

t.test('intents are written all or none', async (t) => {
  const { journal, addRun } = setUp()
  addRun('r1')
  const step = journal.addStep('r1', 'kill-orphans')
  const wrong = { kind: 'stop', pid: 'x' } as unknown as { kind: 'stop' }
  t.throws(() => journal.intend(step, [{ kind: 'stop' }, wrong]), /INTEGER/)
  t.throws(() => journal.intend(4711, [{ kind: 'stop' }]), /FOREIGN KEY/)
  t.same(journal.story('r1')?.steps[0]?.effects, [])
})

t.test('tallies count what has ended', async (t) => {
  const { journal, addRun } = setUp()
  for (const id of ['r1', 'r2', 'r3', 'r4']) addRun(id)
  for (const id of ['r1', 'r2']) journal.endRun(id, { outcome: 'fixed', reason: 'cleared' })
  journal.endRun('r3', { outcome: 'skipped', reason: 'container_gone' })
  t.same(journal.runTally(), [
    { labels: { playbook: 'cleanup', outcome: 'fixed', reason: 'cleared' }, count: 2 },
    { labels: { playbook: 'cleanup', outcome: 'skipped', reason: 'container_gone' }, count: 1 },
  ])
  const [ended, open] = [journal.addStep('r1', 'kill-orphans'), journal.addStep('r4', 'kill-orphans')]
  journal.endStep(ended, { outcome: 'improved', reason: 'still_above' })
  t.same(journal.actionTally(), [{ labels: { action: 'kill-orphans', outcome: 'improved' }, count: 1 }])
  const signals = ['SIGTERM', 'SIGTERM', 'SIGTERM', 'SIGKILL']
  const ids = journal.intend(
    open,
    signals.map((signal) => ({ kind: 'signal', pid: 1, signal })),
  )
  const stop = journal.intend(open, [{ kind: 'stop' }])[0]!
  const results = ['sent', 'gone', 'sent', 'sent']
  journal.complete([...ids.map((id, i) => ({ id, result: results[i]! })), { id: stop, result: 'done' }])
  t.same(journal.signalTally(), [
    { labels: { signal: 'SIGKILL' }, count: 1 },
    { labels: { signal: 'SIGTERM' }, count: 2 },
  ])
})

t.test('restarts are counted by name, over all ids, also those that broke off', async (t) => {
  const { journal, addRun, skip } = setUp()
  const stop = (run: string, name: string, containerId: string, result?: string) => {
    addRun(run, { name, containerId })
    const [id] = journal.intend(journal.addStep(run, 'restart-container'), [{ kind: 'stop' }])
    if (result) journal.complete([{ id: id!, result }])
    const step = journal.addStep(run, 'restart-container')
    journal.intend(step, [{ kind: 'start' }, { kind: 'signal', pid: 1 }])
  }
  stop('r1', 'metamcp', 'c1', 'done')
  skip(1000)
  const since = 1000 * 1000
  stop('r2', 'metamcp', 'c2', 'done')
  stop('r3', 'metamcp', 'c3')
  stop('r4', 'metamcp', 'c3', 'failed: timeout')
  stop('r5', 'other', 'c4', 'done')
  t.equal(journal.restartsSince('metamcp', since), 3)
  t.equal(journal.restartsSince('metamcp', 0), 4)
  t.equal(journal.restartsSince('other', 0), 1)
  t.equal(journal.restartsSince('nobody', 0), 0)
})

t.test(
  'a restart counts under whatever id the container has by then, and that of another does not',
  async (t) => {
    const { journal, addRun } = setUp()
    addRun('r1')
    const did = (effect: NewEffect, result = 'done') => {
      const [id = 0] = journal.intend(journal.addStep('r1', 'x'), [effect])
      journal.complete([{ id, result }])
    }
    did({ kind: 'stop', containerId: 'dependent', life: 'one' })
    did({ kind: 'create', containerId: 'dependent', object: 'sidecar' }, 'its successor')
    did({ kind: 'stop', containerId: 'its successor', life: 'one' })
    t.equal(journal.restartsSince('metamcp', 0), 0)
    did({ kind: 'stop', details: { life: 'one', running: true } })
    did({ kind: 'create', object: 'metamcp' }, 'successor')
    did({ kind: 'start', containerId: 'successor' })
    t.equal(journal.restartsSince('metamcp', 0), 1)
    did({ kind: 'stop', containerId: 'successor', life: 'two' })
    did({ kind: 'start', containerId: 'successor' })
    t.equal(journal.restartsSince('metamcp', 0), 2)
    did({ kind: 'start', containerId: 'successor', life: 'three' })
    t.equal(journal.restartsSince('metamcp', 0), 3, 'one that has crashed is only started')
    did({ kind: 'create', containerId: 'successor', object: 'metamcp' }, 'another')
    did({ kind: 'stop', containerId: 'another' })
    t.equal(journal.restartsSince('metamcp', 0), 4)
  },
)

t.test('debts: stops after which nothing was seen to run', async (t) => {
  const { journal, addRun } = setUp()
  const step = (run: string, more: Partial<NewRun> = {}) => {
    addRun(run, more)
    return journal.addStep(run, 'restart-container')
  }
  const effect = (stepId: number, kind: 'stop' | 'start', result?: string) => {
    const [id] = journal.intend(stepId, [{ kind, ...(kind === 'stop' && { life: `life ${stepId}` }) }])
    if (result !== undefined) journal.complete([{ id: id!, result }])
  }
  t.same(journal.debts(), [])
  const [crashed, refused, gone, paid, twice, before] = [
    step('crashed'),
    step('refused', { containerId: 'c2', name: 'other' }),
    step('gone'),
    step('paid'),
    step('twice'),
    step('before'),
  ] as const
  effect(crashed, 'stop')
  effect(refused, 'stop', 'failed: timeout')
  effect(refused, 'start', 'failed: busy')
  effect(gone, 'stop', 'done')
  effect(gone, 'start', 'gone')
  effect(paid, 'stop', 'done')
  effect(paid, 'start', 'done')
  effect(twice, 'stop', 'done')
  effect(twice, 'start', 'failed: busy')
  effect(twice, 'start', 'done')
  effect(before, 'start', 'done')
  effect(before, 'stop', 'done')
  journal.endRun('refused', { outcome: 'failed', reason: 'action_failed' })
  t.match(journal.debts(), [
    {
      runId: 'crashed',
      stepId: crashed,
      containerId: 'c1',
      name: 'metamcp',
      life: `life ${crashed}`,
      at: Number,
    },
    { runId: 'refused', stepId: refused, containerId: 'c2', name: 'other', life: `life ${refused}` },
    { runId: 'gone' },
    { runId: 'before' },
  ])
  t.equal(journal.debts().length, 4)
  t.equal(journal.debts()[0]?.at, journal.story('crashed')?.steps[0]?.effects[0]?.intentAt)
  t.equal(journal.story('crashed')?.steps[0]?.effects[0]?.life, `life ${crashed}`)
  effect(crashed, 'start', 'done')
  t.equal(journal.debts().length, 3)
})

t.test('what was written is there after the file was opened anew', async (t: Test) => {
  const path = join(emptyFolder(t), 'journal.db')
  const { journal, addRun } = setUp(path)
  addRun('r1')
  const step = journal.addStep('r1', 'kill-orphans')
  journal.intend(step, [{ kind: 'signal', pid: 7, startTicks: 70, signal: 'SIGTERM' }])
  // Without closing: a second reader sees what a crash would leave.
  const other = setUp(path).journal
  t.match(other.story('r1')?.steps[0]?.effects, [{ pid: 7, result: undefined }])
  other.close()
  journal.close()
  t.throws(() => journal.recentRuns(1))
  const { journal: reopened } = setUp(path)
  t.teardown(() => reopened.close())
  t.match(reopened.openRuns(), [{ id: 'r1', state: 'queued' }])
  t.equal(reopened.receive(episode).first, false)
})
