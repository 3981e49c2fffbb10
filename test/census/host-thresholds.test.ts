import t from 'tap'
import { hostThresholds } from '../../src/census/host-thresholds.ts'
import { ConfigError, parseConfig } from '../../src/config.ts'

const host = {
  memory: { total: 64e9, available: 1, swapTotal: 0, swapUsed: 0 },
  cores: 8,
  pidMax: 1000,
  threadsMax: 500,
}
const resolved = (yaml: string, reading: Parameters<typeof hostThresholds>[1] = host) =>
  hostThresholds(parseConfig(yaml, 'pidwarden.yaml').host, reading)

t.test('numbers, sizes and percentages of what the host has', async (t) => {
  t.match(resolved('host: { memory: { warning: 1g, critical: 50% }, cpu: { warning: 4 } }'), {
    memory: { warning: 1024 ** 3, critical: 32e9 },
    cpu: { warning: 4 },
  })
})

t.test('tasks are held against the smaller of the two limits', async (t) => {
  t.same(resolved('host: { tasks: { warning: 50%, critical: 90% } }').tasks, { warning: 250, critical: 450 })
  const { memory, cores } = host
  t.same(resolved('', { memory, cores }).tasks, {}, 'a share of what is not known is no threshold')
  t.same(resolved('host: { tasks: { warning: 10 } }', { memory, cores }).tasks, { warning: 10 })
})

t.test('false is no threshold', async (t) => {
  t.same(resolved('host: { pressure: { warning: false } }').pressure, { critical: 0.4 })
})

t.test('what cannot be understood is refused with line and key', async (t) => {
  for (const [yaml, message] of [
    [
      'host:\n  memory: { warning: much }',
      /pidwarden\.yaml:2: host\.memory\.warning: expected a number, a size/,
    ],
    [
      'host:\n  memory: { emergency: 1g }',
      /pidwarden\.yaml:2: host\.memory\.emergency: unknown key; .*warning, critical/,
    ],
    [
      'host:\n  disk: { warning: 1g }',
      /pidwarden\.yaml:2: host\.disk: unknown key; .*memory, tasks, cpu, pressure/,
    ],
  ] as const) {
    t.throws(() => resolved(yaml), { name: ConfigError.name, message })
  }
})
