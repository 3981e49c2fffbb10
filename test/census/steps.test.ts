import t from 'tap'
import { createPace, createUrgency, finish, type Steps } from '../../src/census/steps.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

t.test('work is done to its end, in one go or in slices', async (t) => {
  const clock = createSimulatedClock()
  const done: number[] = []
  function* count(cost: number): Steps<string> {
    for (let step = 1; step <= 6; step++) {
      done.push(step)
      clock.advance(cost)
      yield
    }
    return 'counted'
  }
  t.equal(finish(count(100)), 'counted')
  t.strictSame(done.splice(0), [1, 2, 3, 4, 5, 6])

  const turns: number[] = []
  let over = false
  const turn = (): void => {
    turns.push(done.length)
    if (!over) setImmediate(turn)
  }
  setImmediate(turn)
  t.equal(await createPace(clock).walk(count(3)), 'counted')
  over = true
  t.strictSame(turns.slice(0, 2), [1, 2], 'after 3 ms it is the turn of others')
})

t.test('what is thrown comes out', async (t) => {
  // biome-ignore lint/correctness/useYield: it never comes to that
  function* broken(): Steps<never> {
    throw new Error('broken')
  }
  t.throws(() => finish(broken()), { message: 'broken' })
  await t.rejects(createPace(createSimulatedClock()).walk(broken()), { message: 'broken' })
})

t.test('what is urgent goes first, for as long as it is, but not for ever', async (t) => {
  const clock = createSimulatedClock()
  const urgency = createUrgency()
  let steps = 0
  function* count(): Steps<number> {
    for (; steps < 10; steps++) yield
    return steps
  }
  const leave = urgency.enter()
  const leaveToo = urgency.enter()
  const counted = createPace(clock, urgency).walk(count())
  await clock.settle()
  t.ok(steps <= 1)
  leave()
  clock.advance(1)
  await clock.settle()
  t.ok(steps <= 1, 'there is another')
  leaveToo()
  leaveToo()
  clock.advance(1)
  t.equal(await clock.drive(counted), 10)

  urgency.enter()
  steps = 0
  const begun = clock.monotonic()
  t.equal(await clock.drive(createPace(clock, urgency).walk(count())), 10)
  t.ok(clock.monotonic() - begun <= 300, 'in all a quarter of a second')
})
