import { cpus, freemem, totalmem } from 'node:os'
import t from 'tap'
import { createHostSystem } from '../../src/host/system.ts'

t.test('this machine', async (t) => {
  const { memory, cpuSeconds, cores, tasks, pidMax, threadsMax, waitingSeconds } =
    await createHostSystem().read()
  t.ok(Math.abs(memory.total - totalmem()) < 0.01 * totalmem(), 'bytes, not kilobytes')
  t.ok(memory.available > 0 && memory.available <= memory.total)
  t.ok(
    memory.available > 0.2 * freemem(),
    'what can be given out is not less than what lies idle, by and large',
  )
  t.ok(memory.swapUsed >= 0 && memory.swapUsed <= memory.swapTotal)
  t.equal(cores, cpus().length)
  const all = Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0)
  const { user = 0, system = 0, idle = 0, softirq, steal } = cpuSeconds
  t.ok(user > 0 && system > 0 && idle > 0)
  for (const seconds of [softirq, steal]) t.type(seconds, 'number', 'what node:os leaves out')
  t.ok(all > 1 && all < cores * 60 * 60 * 24 * 365 * 20, `${all} seconds, not milliseconds or ticks`)
  for (const count of [tasks, pidMax, threadsMax]) t.ok(count === undefined || Number.isInteger(count))
  t.ok((tasks ?? 2) > 1)
  t.ok((pidMax ?? 4096) > (tasks ?? 0), 'there is room for more')
  for (const seconds of Object.values(waitingSeconds)) t.ok(seconds >= 0)
})

t.test('counters never go back', async (t) => {
  const system = createHostSystem()
  const [before, after] = [await system.read(), await system.read()]
  for (const mode of ['user', 'nice', 'system', 'idle', 'irq'] as const) {
    // The idle time of a core is put together from two clocks and may go back by a tick.
    t.ok((after.cpuSeconds[mode] ?? 0) >= (before.cpuSeconds[mode] ?? 0) - 0.1, mode)
  }
})

const pressure = (some: number): string =>
  `some avg10=1.00 avg60=2.00 avg300=3.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=77\n`

t.test('tasks, limits and pressure, from /proc', async (t) => {
  const found = await createHostSystem(
    t.testdir({
      loadavg: '0.20 0.18 0.12 3/1234 56789\n',
      sys: { kernel: { pid_max: '4194304\n', 'threads-max': '127225\n' } },
      pressure: { cpu: pressure(1_500_000), memory: pressure(0), io: pressure(42) },
    }),
  ).read()
  t.match(found, { tasks: 1234, pidMax: 4_194_304, threadsMax: 127_225 })
  t.strictSame(found.waitingSeconds, { cpu: 1.5, memory: 0, io: 0.000042 })
})

t.test('what an older kernel does not have is absent, and nothing else', async (t) => {
  const none = await createHostSystem(t.testdir({})).read()
  for (const part of ['tasks', 'pidMax', 'threadsMax']) t.notOk(part in none, part)
  t.strictSame(none.waitingSeconds, {})
  t.ok(none.memory.total > 0)

  const some = await createHostSystem(
    t.testdir({
      loadavg: '0.20 0.18 0.12 3/1234 56789\n',
      sys: { kernel: { pid_max: '32768\n' } },
      // Kernels before 5.13 have no pressure of CPU in full, and where it is switched off the file is empty.
      pressure: { cpu: 'some avg10=0.00 avg60=0.00 avg300=0.00 total=9000000\n', memory: '' },
    }),
  ).read()
  t.match(some, { tasks: 1234, pidMax: 32_768 })
  t.notOk('threadsMax' in some)
  t.strictSame(some.waitingSeconds, { cpu: 9 })
})

t.test('what cannot be understood is absent', async (t) => {
  const found = await createHostSystem(
    t.testdir({ loadavg: 'nonsense\n', sys: { kernel: { pid_max: 'many\n', 'threads-max': '' } } }),
  ).read()
  for (const part of ['tasks', 'pidMax', 'threadsMax']) t.notOk(part in found, part)
})
