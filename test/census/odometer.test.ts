import t from 'tap'
import { Odometer } from '../../src/census/odometer.ts'

/** The totals that come of these readings, one after the other. */
const totals = (...readings: [life: string, value: number][]): number[] => {
  const odometer = new Odometer()
  return readings.map(([life, value]) => odometer.total('a', life, value))
}

t.test('within one life the total is the counter', async (t) => {
  t.strictSame(totals(['x', 0], ['x', 0], ['x', 1], ['x', 7]), [0, 0, 1, 7])
  t.strictSame(totals(['x', 5]), [5], 'and begins with what it stood at')
})

t.test('a new life goes on from where the last one ended', async (t) => {
  t.strictSame(totals(['x', 3], ['y', 0], ['y', 2], ['z', 1]), [3, 3, 5, 6])
  t.strictSame(totals(['x', 3], ['y', 3]), [3, 6], 'though both stand at the same')
  t.strictSame(totals(['x', 3], ['y', 9]), [3, 12], 'and though the second stands higher')
})

t.test('a value below the last of this life is not believed', async (t) => {
  t.strictSame(totals(['x', 5], ['x', 2], ['x', 5], ['x', 6]), [5, 5, 5, 6])
  t.strictSame(totals(['x', 5], ['x', 0], ['y', 1]), [5, 5, 6], 'nor does it count for the next')
})

t.test('the total never falls', async (t) => {
  const lives = ['a', 'b', 'c', 'd']
  const readings = Array.from({ length: 400 }, (_, i): [string, number] => [
    lives[Math.floor(i / 100)] ?? '',
    (i * 7919) % 50,
  ])
  const found = totals(...readings)
  t.strictSame(
    found,
    found.toSorted((x, y) => x - y),
  )
})

t.test('names are apart', async (t) => {
  const odometer = new Odometer()
  odometer.total('a', 'x', 3)
  t.equal(odometer.total('b', 'x', 1), 1)
  t.equal(odometer.total('a', 'y', 1), 4)
  t.equal(odometer.total('b', 'y', 0), 1)
})

t.test('what was reached last, also while there is nothing to read', async (t) => {
  const odometer = new Odometer()
  t.equal(odometer.reached('a'), 0)
  odometer.total('a', 'x', 3)
  odometer.total('a', 'y', 2)
  t.equal(odometer.reached('a'), 5)
  t.equal(odometer.reached('b'), 0)
})

t.test('so many names are remembered; the one that was not seen for longest goes first', async (t) => {
  const odometer = new Odometer()
  const bound = 10_000
  for (let i = 0; i < bound; i++) odometer.total(`n${i}`, 'x', 1)
  odometer.total('n0', 'x', 2)
  odometer.total('one more', 'x', 1)
  t.equal(odometer.reached('n1'), 0, 'forgotten')
  t.equal(odometer.reached('n0'), 2, 'seen again since')
  t.equal(odometer.reached('n2'), 1)
  t.equal(odometer.reached('one more'), 1)
  t.equal(odometer.total('n1', 'y', 4), 4, 'begins anew')
})
