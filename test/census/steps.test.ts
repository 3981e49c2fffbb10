import t from 'tap'
import { createPace, finish, type Steps } from '../../src/census/steps.ts'
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
