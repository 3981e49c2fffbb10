import t, { type Test } from 'tap'
import { openDatabase } from '../../src/journal/database.ts'
import { Journal } from '../../src/journal/journal.ts'

const day = 86_400_000

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
