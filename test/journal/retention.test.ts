import t, { type Test } from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'
import type { NewEffect } from '../../src/journal/records.ts'

const day = 86_400_000

/** An effect, and what came back. */
type Did = readonly [NewEffect, string | undefined]

/** A journal whose clock can be turned. */
function start(t: Test) {
  const { database } = openDatabase(':memory:', 0)
  t.teardown(() => database.close())
  let now = 1000 * day
  const journal = new Journal(database, () => now)
  let made = 0
  return {
    journal,
    pass: (days: number) => {
      now += days * day
    },
    count: (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n),
    /** A run with a step and a signal; ended unless told otherwise. */
    add({
      name = 'metamcp',
      plan = 'nothing',
      kind = 'signal' as 'signal' | 'stop',
      over = true,
    } = {}): string {
      const id = `run-${++made}`
      const about = { containerId: 'c', name, playbook: 'cleanup', tier: 'critical', resource: 'duplicates' }
      const { episode } = journal.receive({ ...about, fingerprint: id, startsAt: 's', alert: 'a' })
      journal.addRun({ ...about, id, episodeId: episode.id })
      journal.startRun(id)
      journal.admitRun(id)
      const step = journal.addStep(id, 'kill-duplicates')
      journal.planStep(step, plan)
      const [effect = 0] = journal.intend(step, [{ kind, pid: 1, signal: 'SIGTERM', life: 'one' }])
      journal.complete([{ id: effect, result: kind === 'signal' ? 'sent' : 'done' }])
      if (!over) return id
      journal.endStep(step, { outcome: 'fixed', reason: 'cleared' })
      journal.endRun(id, { outcome: 'fixed', reason: 'cleared' })
      return id
    },
    /** A run that is over, and has done this. */
    act(done: readonly Did[]): string {
      const id = `run-${++made}`
      const about = { containerId: 'c', name: 'metamcp', playbook: 'x', tier: 'critical', resource: 'memory' }
      const { episode } = journal.receive({ ...about, fingerprint: id, startsAt: 's', alert: 'a' })
      journal.addRun({ ...about, id, episodeId: episode.id })
      const step = journal.addStep(id, 'x')
      for (const [effect, result] of done) {
        const [one = 0] = journal.intend(step, [effect])
        if (result !== undefined) journal.complete([{ id: one, result }])
      }
      journal.endRun(id, { outcome: 'failed', reason: 'action_failed' })
      return id
    },
    forget(settings = { days: 90, megabytes: 200 }): number {
      let rounds = 1
      while (journal.forgetSome(settings)) rounds++
      return rounds
    },
  }
}

t.test('what ended longer ago is forgotten, with all that belongs to it', async (t) => {
  const { journal, add, pass, forget, count } = start(t)
  const old = add()
  pass(50)
  const young = add()
  pass(41)
  forget()
  t.equal(journal.story(old), undefined)
  t.ok(journal.story(young))
  for (const table of ['episodes', 'runs', 'steps', 'effects']) t.equal(count(table), 1, table)
})

t.test('counters do not fall', async (t) => {
  const { journal, add, pass, forget } = start(t)
  add()
  add()
  const before = [journal.runTally(), journal.actionTally(), journal.signalTally()]
  t.match(before, [
    [{ labels: { playbook: 'cleanup', outcome: 'fixed', reason: 'cleared' }, count: 2 }],
    [{ labels: { action: 'kill-duplicates', outcome: 'fixed' }, count: 2 }],
    [{ labels: { signal: 'SIGTERM' }, count: 2 }],
  ])
  pass(100)
  forget()
  t.same([journal.runTally(), journal.actionTally(), journal.signalTally()], before)
  add()
  t.match(journal.runTally(), [{ count: 3 }])
})

t.test('what is not over, and a container that may still be stopped, are never forgotten', async (t) => {
  const { journal, add, pass, forget } = start(t)
  const open = add({ over: false })
  const owing = add({ kind: 'stop' })
  pass(1000)
  forget()
  t.ok(journal.story(open))
  t.ok(journal.story(owing))
  t.equal(journal.debts().length, 1)
})

t.test('what is owed to any container is never forgotten, and what is settled is', async (t) => {
  const { journal, pass, forget, act } = start(t)
  const rename: Did = [{ kind: 'rename', object: 'm.pidwarden-1', details: { name: 'metamcp' } }, 'done']
  const stop: Did = [{ kind: 'stop', details: { life: 'one', running: true } }, 'done']
  const back = (result: string): Did => [{ kind: 'rename', object: 'metamcp' }, result]
  const stopped = (containerId: string): Did => [{ kind: 'stop', containerId, life: 'one' }, 'done']
  const started = (containerId: string, result: string): Did => [{ kind: 'start', containerId }, result]
  const owing = [
    ['one of two dependents', stopped('a'), stopped('b'), started('a', 'done'), started('b', 'failed: x')],
    ['a cap', [{ kind: 'cap' }, 'done'], [{ kind: 'uncap' }, 'failed: x']],
    ['a pause', [{ kind: 'pause', life: 'one' }, undefined]],
    ['a clamp', [{ kind: 'clamp', containerId: 'a' }, 'failed: x']],
    ['a network', [{ kind: 'stray', containerId: 'a', object: 'c' }, undefined]],
    ['a recreation', rename, [{ kind: 'create' }, 'f'.repeat(64)], stop],
    [
      'one that is back but for a dependent',
      rename,
      [{ ...rename[0], containerId: 'a' }, 'done'],
      back('done'),
    ],
  ] as const satisfies readonly (readonly [string, ...Did[]])[]
  const settled = [
    ['both dependents', stopped('a'), stopped('b'), started('b', 'done'), started('a', 'done')],
    ['a cap', [{ kind: 'cap' }, 'done'], [{ kind: 'uncap' }, 'gone']],
    ['a pause that was refused', [{ kind: 'pause' }, 'refused: it is paused already']],
    ['a network', [{ kind: 'stray', containerId: 'a', object: 'c' }, 'running']],
    ['a recreation', rename, stop, [{ kind: 'remove' }, 'done']],
    ['one whose container is gone', rename, stop, back('gone')],
    ['one that was overtaken', rename, stop, back('changed')],
  ] as const satisfies readonly (readonly [string, ...Did[]])[]
  const ids = owing.map(([, ...done]) => act(done))
  const over = settled.map(([, ...done]) => act(done))
  const owed = (): readonly string[] =>
    [journal.debts(), journal.temporaries(), journal.recreations(), journal.strays()]
      .flat()
      .map(({ runId }) => runId)
  t.same(owed().toSorted(), ids.toSorted())
  pass(1000)
  forget()
  for (const [index, [what]] of owing.entries()) t.ok(journal.run(ids[index] ?? ''), what)
  for (const [index, [what]] of settled.entries()) t.notOk(journal.run(over[index] ?? ''), what)
  t.same(owed().toSorted(), ids.toSorted())
})

t.test('when it holds too much the oldest go first, but none of the last day', async (t) => {
  const { journal, add, pass, forget, count } = start(t)
  const plan = 'x'.repeat(20_000)
  const oldest = add({ plan })
  pass(2)
  for (let more = 0; more < 60; more++) add({ plan })
  forget({ days: 90, megabytes: 1 })
  t.equal(journal.story(oldest), undefined)
  t.equal(count('runs'), 60, 'too much, and too young')
  pass(2)
  forget({ days: 90, megabytes: 1 })
  const held = count('runs')
  t.ok(held > 0 && held < 60, `${held} are left: as many as there is room for`)
})

t.test('a lot is forgotten in stretches', async (t) => {
  const { add, pass, forget, count } = start(t)
  for (let more = 0; more < 120; more++) add()
  pass(100)
  t.ok(forget() >= 3)
  t.equal(count('runs'), 0)
  t.equal(count('episodes'), 0)
})
