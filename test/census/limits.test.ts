import t from 'tap'
import { isHeld, isSame, stricterThan, unheldLimits, wantedLimits } from '../../src/census/limits.ts'
import { presets } from '../../src/census/presets.ts'

const GiB = 1024 ** 3

t.test('what a policy wants, in base units', async (t) => {
  t.strictSame(wantedLimits(presets.protocol.limits), {
    pids: 100,
    memory: 4 * GiB,
    memorySwap: 4 * GiB,
    memoryReservation: GiB,
    cpu: 2,
  })
  t.strictSame(wantedLimits({}), {})
})

t.test('the stricter limits are never looser than what the policy wants', async (t) => {
  t.strictSame(stricterThan(presets.protocol.limits), {
    memoryReservation: GiB,
    memory: 2 * GiB,
    memorySwap: 2 * GiB,
    cpu: 2,
    pids: 50,
  })
  t.match(stricterThan(presets.production.limits), { pids: 25, memory: 2 * GiB, memorySwap: 2 * GiB })
  t.strictSame(stricterThan({}), { memory: 2 * GiB, memorySwap: 2 * GiB, pids: 50 })
})

t.test('held: as strict at least; the same: within what the kernel rounds', async (t) => {
  t.ok(isHeld('pids', 100, 100))
  t.notOk(isHeld('pids', 100, 101))
  t.ok(isHeld('memory', 1000, 1005))
  t.notOk(isHeld('memory', 1000, undefined), 'no limit holds nothing')
  t.ok(isSame('cpu', 2, 1.9999))
  t.notOk(isSame('pids', 100, 99))
  t.notOk(isSame('memory', 1000, undefined))
  t.ok(isSame('memory', undefined, undefined))
})

t.test('the wanted limits that the kernel does not hold', async (t) => {
  const wanted = { memory: '4g', cpus: 2, pids: 100, memorySwap: '4g' }
  t.same(unheldLimits(wanted, {}), ['pids', 'memory', 'cpu'])
  t.same(unheldLimits(wanted, { pids: 25, memory: 5 * GiB, cpu: 2 }), ['memory'])
  t.same(unheldLimits({}, {}), [])
})
