import t from 'tap'
import type { HostReading } from '../../src/host/system.ts'
import { family } from '../support/exposition.ts'
import { createPidwarden, hostReading } from '../support/simulated-pidwarden.ts'

function setUp() {
  const pidwarden = createPidwarden()
  const { clock, metrics, system } = pidwarden
  return {
    ...pidwarden,
    scrape(reading: HostReading) {
      system.read = async () => reading
      return clock.drive(metrics.render().then(String))
    },
  }
}

t.test('the host: sizes as gauges, raw counters as counters', async (t) => {
  const { scrape } = setUp()
  for (let i = 0; i < 2; i++) {
    const text = await scrape(hostReading)
    for (const [name, value] of [
      ['memory_total_bytes', 64e9],
      ['memory_available_bytes', 32e9],
      ['swap_total_bytes', 8e9],
      ['swap_used_bytes', 1e9],
      ['cpu_cores', 8],
      ['tasks', 700],
      ['pid_max', 32_768],
      ['threads_max', 100_000],
    ] as const) {
      t.same(family(text, `host_${name}`), { '': value }, name)
    }
    t.same(family(text, 'host_cpu_seconds_total'), {
      'mode="user"': 100,
      'mode="nice"': 1,
      'mode="system"': 50,
      'mode="idle"': 4000,
      'mode="irq"': 2,
    })
    t.same(family(text, 'host_pressure_waiting_seconds_total'), {
      'resource="cpu"': 3,
      'resource="memory"': 0.5,
      'resource="io"': 7.25,
    })
  }
})

t.test('what this kernel does not tell is absent', async (t) => {
  const { scrape } = setUp()
  const { memory, cpuSeconds, cores } = hostReading
  await scrape(hostReading)
  const text = await scrape({ memory, cpuSeconds, cores, waitingSeconds: { memory: 2 } })
  for (const name of ['tasks', 'pid_max', 'threads_max']) t.same(family(text, `host_${name}`), {}, name)
  t.same(family(text, 'host_pressure_waiting_seconds_total'), { 'resource="memory"': 2 })
  t.same(family(text, 'host_memory_total_bytes'), { '': 64e9 })
  t.equal(family(text, 'collector_success')['collector="host"'], 1)
})

t.test('a host without swap has 0 of it, which is a reading', async (t) => {
  const { scrape } = setUp()
  const memory = { ...hostReading.memory, swapTotal: 0, swapUsed: 0 }
  const text = await scrape({ ...hostReading, memory })
  t.same(family(text, 'host_swap_total_bytes'), { '': 0 })
  t.same(family(text, 'host_swap_used_bytes'), { '': 0 })
})

t.test('where tiers of the host begin', async (t) => {
  const { scrape } = setUp()
  t.same(family(await scrape(hostReading), 'host_threshold'), {
    'resource="memory",tier="warning"': 0.85 * 64e9,
    'resource="memory",tier="critical"': 0.95 * 64e9,
    'resource="tasks",tier="warning"': 0.7 * 32_768,
    'resource="tasks",tier="critical"': 0.9 * 32_768,
    'resource="cpu",tier="warning"': 0.9 * 8,
    'resource="cpu",tier="critical"': 0.98 * 8,
    'resource="pressure",tier="warning"': 0.1,
    'resource="pressure",tier="critical"': 0.4,
  })
})
