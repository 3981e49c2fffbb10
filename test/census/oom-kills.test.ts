import t from 'tap'
import { type OomCount, OomKills } from '../../src/census/oom-kills.ts'

/** What happens to the container: its counter is read in some life, or Docker says something. */
type Happening = readonly [life: string, value: number] | 'oom' | 'start' | 'die'

/** The totals after each of these, one after the other. */
const totals = (...happenings: readonly Happening[]): (number | undefined)[] => {
  const oomKills = new OomKills()
  return happenings.map((one) => {
    if (typeof one === 'string') oomKills.see('a', one)
    else oomKills.read('a', ...one)
    return oomKills.total('a')
  })
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

t.test('what Docker tells of and the counter shows is one kill', async (t) => {
  t.strictSame(totals(['x', 0], 'oom', ['x', 1], 'oom', ['x', 2]), [0, 1, 1, 2, 2])
  t.strictSame(totals(['x', 5], 'oom', ['x', 6]), [5, 6, 6], 'of many')
  t.strictSame(totals(['x', 0], ['x', 1], 'oom', ['x', 1]), [0, 1, 1, 1], 'though it was read before')
  t.strictSame(totals('oom', ['x', 1], 'oom', ['x', 2]), [1, 1, 2, 2], 'from the beginning')
  t.strictSame(totals('oom', ['x', 6], 'oom', ['x', 7]), [1, 6, 7, 7], 'of one that is older than pidwarden')
})

t.test('several at once are one event: the counter knows', async (t) => {
  t.strictSame(totals(['x', 0], 'oom', ['x', 4], 'oom', ['x', 5]), [0, 1, 4, 4, 5])
})

t.test('who goes down with what was killed is counted all the same', async (t) => {
  const down = ['oom', 'die'] as const
  t.strictSame(totals(['x', 0], ...down), [0, 1, 1], 'and stays down')
  t.strictSame(totals(['x', 0], ...down, 'start', ['y', 0]), [0, 1, 1, 1, 1], 'and is started again')
  t.strictSame(totals(['x', 2], ...down, 'start', ['y', 0], ['y', 1]), [2, 3, 3, 3, 3, 4])
  t.strictSame(
    totals(['x', 0], ...down, 'start', ...down, 'start', ...down, 'start', ['y', 0]),
    [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3],
    'three lives between two looks',
  )
  t.strictSame(totals(...down, 'start', ['y', 0]), [1, 1, 1, 1], 'before the first look')
})

t.test('a kill of the new life is told before anybody has looked at it', async (t) => {
  t.strictSame(totals(['x', 0], 'oom', 'die', 'start', 'oom', ['y', 1]), [0, 1, 1, 1, 2, 2])
  t.strictSame(
    totals(['x', 1], 'start', ['y', 1], 'oom', ['y', 1]),
    [1, 1, 2, 2, 2],
    'or a moment after that',
  )
  t.strictSame(totals('oom', 'start', ['y', 1], 'oom'), [1, 1, 2, 2])
  t.strictSame(totals('start', ['x', 1], 'oom', ['x', 1]), [undefined, 1, 1, 1], 'be it the first')
  t.strictSame(totals(['x', 3], 'die', 'start', 'oom', ['y', 2], 'oom', ['y', 3]), [3, 3, 3, 4, 5, 5, 6])
})

t.test('a start that is told late changes nothing', async (t) => {
  t.strictSame(totals(['x', 2], ['y', 1], 'start', ['y', 1], ['y', 2]), [2, 3, 3, 3, 4])
  t.strictSame(totals(['x', 2], ['y', 0], 'start', 'oom', ['y', 1]), [2, 2, 2, 3, 3])
})

t.test('what happens besides is nothing to it', async (t) => {
  const oomKills = new OomKills()
  for (const action of ['start', 'die', 'kill', 'stop', 'health_status: unhealthy', 'oom_'])
    oomKills.see('a', action)
  t.equal(oomKills.total('a'), undefined)
})

t.test('the total never falls, and is never less than what the counters showed', async (t) => {
  const next = (i: number): number => (i * 7919 + 13) % 97
  const happenings = Array.from({ length: 2000 }, (_, i): Happening => {
    const life = `${Math.floor(i / 100)}`
    const what = next(i) % 5
    return what === 0 ? 'oom' : what === 1 && i % 100 < 3 ? 'start' : [life, next(i) % 50]
  })
  const found = totals(...happenings).map((total) => total ?? 0)
  t.strictSame(
    found,
    found.toSorted((x, y) => x - y),
  )
  t.ok(found.every((total, i) => typeof happenings[i] === 'string' || total >= Number(happenings[i]?.[1])))
})

t.test('names are apart', async (t) => {
  const oomKills = new OomKills()
  oomKills.read('a', 'x', 3)
  oomKills.read('b', 'x', 1)
  oomKills.see('b', 'oom')
  oomKills.read('a', 'y', 1)
  t.strictSame([oomKills.total('a'), oomKills.total('b'), oomKills.total('c')], [4, 2, undefined])
})

t.test('goes on where an earlier pidwarden has ended', async (t) => {
  const file = new Map<string, OomCount>()
  const write = (name: string, count: OomCount): void => void file.set(name, count)
  const first = new OomKills()
  first.read('a', 'x', 3)
  first.read('a', 'y', 0)
  first.see('a', 'oom')
  first.read('none', 'x', 0)
  first.save(write)
  t.strictSame([...file.keys()], ['a'], 'who never had one begins at nothing anyway')
  const second = new OomKills(file)
  t.equal(second.total('a'), 4)
  second.read('a', 'y', 2)
  t.equal(second.total('a'), 5, 'with what was killed meanwhile')
  second.read('a', 'z', 1)
  t.equal(second.total('a'), 6)
})

t.test('only what has changed is written, until it is on file', async (t) => {
  const written: string[] = []
  const write = (name: string): void => void written.push(name)
  const oomKills = new OomKills()
  const read = (): void => {
    oomKills.read('a', 'x', 3)
    oomKills.read('b', 'x', 1)
  }
  read()
  const full = (): never => {
    throw new Error('no room')
  }
  t.throws(() => oomKills.save(full), /no room/)
  oomKills.save(write)
  read()
  oomKills.save(write)
  oomKills.see('b', 'oom')
  oomKills.save(write)
  t.strictSame(written, ['a', 'b', 'b'])
})

t.test('so many names are remembered; the one that was not seen for longest goes first', async (t) => {
  const oomKills = new OomKills()
  const bound = 10_000
  for (let i = 0; i < bound; i++) oomKills.read(`n${i}`, 'x', 1)
  oomKills.read('n0', 'x', 2)
  oomKills.read('one more', 'x', 1)
  t.equal(oomKills.total('n1'), undefined, 'forgotten')
  t.equal(oomKills.total('n0'), 2, 'seen again since')
  t.equal(oomKills.total('n2'), 1)
  t.equal(oomKills.total('one more'), 1)
  oomKills.save(() => {})
})
