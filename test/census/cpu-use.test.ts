import t from 'tap'
import { CpuUse } from '../../src/census/cpu-use.ts'
import { createSimulatedClock } from '../support/simulated-clock.ts'

/** Looks at these moments, seconds, at a container that had used so much CPU by then, seconds; what each look told. */
function looks(...moments: readonly (readonly [at: number, used: number | undefined])[]) {
  const clock = createSimulatedClock()
  const use = new CpuUse(clock)
  return moments.map(([at, used]) => {
    clock.advance(at * 1000 - clock.monotonic())
    return use.cores('life', used)
  })
}

t.test('cores in use between two looks', async (t) => {
  t.same(looks([0, 10], [5, 12.5]), [undefined, 0.5])
  t.same(looks([0, 10], [5, 30], [10, 70]), [undefined, 4, 8], 'since the look before, not since the first')
  t.same(looks([0, 10], [5, 10]), [undefined, 0], 'idle')
})

t.test('what one look cannot tell is not known', async (t) => {
  t.same(looks([0, 10]), [undefined])
  t.same(looks([0, undefined], [5, undefined]), [undefined, undefined], 'nothing is accounted')
  t.same(looks([0, 10], [5, undefined], [10, 20]), [undefined, undefined, 1], 'once it could not be read')
})

t.test(
  'two looks in quick succession: the ticks of the kernel would say more than the container',
  async (t) => {
    t.same(looks([0, 10], [0.5, 10.4]), [undefined, undefined])
    // A second after the first, whoever looked in between.
    t.same(looks([0, 10], [0.5, 10.25], [1, 10.5], [1.5, 11]), [undefined, undefined, 0.5, 0.75])
    const often = Array.from({ length: 101 }, (_, at): [number, number] => [at / 10, (at / 10) * 3])
    t.equal(
      Math.round((looks(...often).at(-1) ?? 0) * 1e6) / 1e6,
      3,
      'who looks ten times a second is told too',
    )
  },
)

t.test('the average of long ago says nothing of now', async (t) => {
  t.same(looks([0, 10], [60, 70]), [undefined, 1])
  t.same(looks([0, 10], [61, 71]), [undefined, undefined])
  t.same(looks([0, 10], [61, 71], [63, 73]), [undefined, undefined, 1], 'from there on it is known again')
})

t.test('a counter that went back is no use below nothing', async (t) => {
  t.same(looks([0, 10], [5, 2]), [undefined, 0])
})

t.test('lives are told apart, and forgotten', async (t) => {
  const clock = createSimulatedClock()
  const use = new CpuUse(clock)
  use.cores('one', 10)
  use.cores('other', 100)
  clock.advance(2000)
  t.equal(use.cores('one', 11), 0.5)
  t.equal(use.cores('other', 104), 2)
  use.keepOnly(new Set(['one']))
  clock.advance(2000)
  t.equal(use.cores('one', 12), 0.5)
  t.equal(use.cores('other', 108), undefined)
})
