import t from 'tap'
import { live } from '../../support/random-pool.ts'

const patience = { maxAge: 1800, maxIdle: 900 }

t.test('whatever clients do, no session is closed in which something was done of late', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const { wrong } = live(seed, { watchedFrom: seed % 2 === 0 ? 3600 : 0, wild: true }, patience)
    t.same(wrong, [], `seed ${seed}`)
  }
})

t.test('nor one whose client came to a server just when somebody else came to the gateway', async (t) => {
  let all = 0
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    const watchedFrom = seed % 4 === 0 ? 3600 : 0
    const { wrong, closed } = live(seed, { watchedFrom, wild: false, waiting: true }, patience)
    t.same(wrong, [], `seed ${seed}`)
    all += closed
  }
  t.ok(all > 5, `${all} are closed all the same`)
})

t.test('where clients of the same servers come one at a time, what they leave is closed', async (t) => {
  const all = { closed: 0, abandoned: 0 }
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const { wrong, closed, abandoned } = live(seed, { watchedFrom: 0, wild: false }, patience)
    t.same(wrong, [], `seed ${seed}`)
    all.closed += closed
    all.abandoned += abandoned
  }
  t.ok(all.abandoned > 20, `there are ${all.abandoned}`)
  // Those that were left last are not old enough, one that came to nothing plain holds others up while it is there, and
  // a client that pauses long enough has left as well.
  t.ok(all.closed > all.abandoned / 2, `${all.closed} of ${all.abandoned}`)
})
