import t from 'tap'
import { live } from '../../support/random-pool.ts'

const patience = { maxAge: 1800, maxIdle: 900 }

t.test('whatever clients do, no session is closed in which something was done of late', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const { wrong } = live(seed, { watchedFrom: seed % 2 === 0 ? 3600 : 0, wild: true }, patience)
    t.same(wrong, [], `seed ${seed}`)
  }
})

t.test('where clients come one at a time, what they leave is closed', async (t) => {
  for (const seed of [1, 2, 3, 4]) {
    const { wrong, closed, abandoned } = live(seed, { watchedFrom: 0, wild: false }, patience)
    t.same(wrong, [], `seed ${seed}`)
    t.ok(abandoned > 3, `seed ${seed}: there are ${abandoned}`)
    // Those that were left last are not old enough, and a client that pauses long enough has left as well.
    t.ok(closed > abandoned / 2, `seed ${seed}: ${closed} of ${abandoned}`)
  }
})
