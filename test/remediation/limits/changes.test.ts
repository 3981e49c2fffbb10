import t from 'tap'
import { amissAfter, changesOf, type Moment, repairOf } from '../../../src/remediation/limits/changes.ts'
import type { Judged } from '../../../src/remediation/limits/judged.ts'

const GiB = 1024 ** 3

/** A container without any limit; swap is accounted. */
const bare: Moment = { configured: {}, cgroup: { memorySwap: 0 } }
const set = (limit: Judged['limit'], to: number): Judged => ({ limit, verdict: 'set', wanted: to, to })

t.test('one call for each limit, but for memory, which is never sent without that of swap', async (t) => {
  const judged = [
    set('memoryReservation', GiB),
    set('memory', 4 * GiB),
    set('memorySwap', -1),
    set('pids', 100),
  ]
  t.strictSame(changesOf(judged, bare), [
    { memoryReservation: GiB },
    { memory: 4 * GiB, memorySwap: -1 },
    { pids: 100 },
  ])
  t.strictSame(changesOf([{ limit: 'pids', verdict: 'refused', wanted: 100 }], bare), [])
})

t.test(
  'swap alone goes with the memory that there is, as it is configured where the kernel has rounded it',
  async (t) => {
    const held = { configured: { memory: GiB + 1 }, cgroup: { memoryLimit: GiB } }
    t.strictSame(changesOf([set('memorySwap', GiB)], held), [{ memory: GiB + 1, memorySwap: GiB }])
    const other = { configured: { memory: 2 * GiB }, cgroup: { memoryLimit: GiB } }
    t.strictSame(changesOf([set('memorySwap', GiB)], other), [{ memory: GiB, memorySwap: GiB }])
    t.strictSame(changesOf([set('memorySwap', GiB)], bare), [], 'and not at all without')
  },
)

t.test('the kernel is to hold what was set, and what it held', async (t) => {
  const before: Moment = { configured: { pids: 60 }, cgroup: { pidsLimit: 60, memorySwap: 0 } }
  const after = (cgroup: object, configured: object = {}): Moment => ({
    configured: { pids: 60, cpu: 2, ...configured },
    cgroup: { pidsLimit: 60, cpuLimit: 2, memorySwap: 0, ...cgroup },
  })
  t.strictSame(amissAfter({ cpu: 2 }, before, after({})), [])
  t.strictSame(amissAfter({ cpu: 2 }, before, after({ cpuLimit: 3, pidsLimit: 4915 })), [
    { limit: 'cpu', expected: 2, found: 3 },
    { limit: 'pids', expected: 60, found: 4915 },
  ])
  t.strictSame(
    amissAfter({ cpu: 2 }, before, after({ pidsLimit: 90 }, { pids: 90 })),
    [],
    'somebody else was it',
  )
  const swap = { memory: GiB, memorySwap: GiB }
  const unaccounted: Moment = { configured: swap, cgroup: { memoryLimit: GiB } }
  t.strictSame(
    amissAfter(swap, bare, unaccounted),
    [],
    'where swap is not accounted nothing is expected of it',
  )
  const none = { configured: { memory: GiB, memorySwap: -1 }, cgroup: { memoryLimit: GiB, memorySwap: 0 } }
  t.strictSame(amissAfter({ memory: GiB, memorySwap: -1 }, bare, none), [], '-1 is none')
})

t.test('what brings a limit back, where Docker has a word for it', async (t) => {
  const found = 1
  t.strictSame(repairOf({ limit: 'pids', expected: 60, found }, undefined), { pids: 60 })
  t.strictSame(repairOf({ limit: 'pids', expected: undefined, found }, undefined), { pids: -1 })
  t.strictSame(repairOf({ limit: 'memorySwap', expected: 2, found }, 1), { memory: 1, memorySwap: 2 })
  t.equal(repairOf({ limit: 'memorySwap', expected: 2, found }, undefined), undefined)
  t.equal(repairOf({ limit: 'memory', expected: undefined, found }, undefined), undefined)
  t.equal(repairOf({ limit: 'memoryReservation', expected: undefined, found }, undefined), undefined)
})
