import t from 'tap'
import {
  type Preset,
  presetNames,
  presets,
  type Resource,
  rank,
  resources,
  type TierTable,
  tiers,
  type WantedLimits,
} from '../../src/census/presets.ts'
import { type LimitFacts, resolveThresholds, tierOf } from '../../src/census/thresholds.ts'

type Row = readonly [warning: string, critical: string, emergency: string, nuclear: string]

/** The tables as people wrote them: where each tier begins, and what it calls for; `-` where there is none. */
interface Written {
  readonly processes: Row
  readonly startup: Row
  readonly memory: Row
  readonly cpu: Row
  readonly limits: WantedLimits
}

/** For whoever asks for it. */
const none: Row = ['-', '-', '-', '-']
const duplicates: Row = ['1 record', '5 cleanup', '20 contain', '50 restart']
const pids: Row = ['75% record', '90% cleanup', '95% contain', '100% restart']
const cpu: Row = ['60% record', '80% relieve-cpu', '-', '-']
const zombies: Row = ['1 record', '10 reap', '50 restart', '-']

const written: Record<string, Written> = {
  protocol: {
    processes: ['16 record', '31 cleanup', '51 contain', '101 restart'],
    startup: ['-', '-', '51 protect-startup', '-'],
    memory: ['75% record', '90% relieve-memory', '95% relieve-memory', '8g restart'],
    cpu,
    limits: {
      memory: '4g',
      memoryReservation: '1g',
      memorySwap: '4g',
      cpus: 2,
      pids: 100,
      nproc: 100,
      nofile: [1024, 2048],
    },
  },
  prevention: {
    processes: ['12 record', '15 restart', '-', '-'],
    startup: ['-', '15 protect-startup', '-', '-'],
    memory: ['3072m record', '4096m restart', '-', '-'],
    cpu,
    limits: { memory: '4g', cpus: 2, pids: 50, nofile: [1024, 2048] },
  },
  fix: {
    processes: ['-', '16 cleanup', '31 contain', '-'],
    startup: ['-', '-', '31 protect-startup', '-'],
    memory: none,
    cpu: none,
    limits: { memory: '4g', memorySwap: '4g', cpus: 2, pids: 100 },
  },
  production: {
    processes: ['-', '16 cleanup', '-', '-'],
    startup: ['-', '16 protect-startup', '-', '-'],
    memory: none,
    cpu: none,
    limits: { memory: '4g', memoryReservation: '1g', cpus: 2, pids: 25 },
  },
  investigation: {
    processes: ['16 cleanup', '31 record', '46 contain', '151 restart'],
    startup: ['-', '-', '46 protect-startup', '-'],
    memory: ['75% record', '90% relieve-memory', '95% relieve-memory', '-'],
    cpu: none,
    limits: { memory: '4g', pids: 25 },
  },
}

const all: Readonly<Record<string, Preset>> = presets

const said = (table: TierTable, resource: Resource): string[] =>
  tiers.map((tier) => {
    const rule = table[resource][tier]
    return rule ? `${rule.at} ${rule.playbook}` : '-'
  })

t.test('the presets are those of the tables, number by number', async (t) => {
  t.strictSame(Object.keys(presets), Object.keys(written))
  t.strictSame([...presetNames], Object.keys(written))
  for (const [name, expected] of Object.entries(written)) {
    const preset = all[name]
    if (preset === undefined) throw new Error(name)
    t.strictSame(Object.keys(preset.tiers).toSorted(), [...resources].toSorted(), `${name}: every resource`)
    const { limits, ...own } = expected
    const rows = { ...own, duplicates, orphans: duplicates, zombies, pids, limits: none, health: none }
    for (const [resource, row] of Object.entries(rows)) {
      t.strictSame(said(preset.tiers, resource as Resource), row, `${name}: ${resource}`)
    }
    t.strictSame(preset.limits, limits, `${name}: limits`)
  }
})

const gib = 1024 ** 3

/** The four thresholds of a resource as numbers, with these limits in the kernel. */
function numbers(name: string, resource: Resource, facts: Partial<LimitFacts> = {}): (number | undefined)[] {
  const preset = all[name]
  if (preset === undefined) throw new Error(name)
  const resolved = resolveThresholds(preset.tiers, preset.limits, { hostCores: 4, ...facts })
  return tiers.map((tier) => resolved[resource][tier]?.at)
}

t.test(
  'what they are for a container without any limit: shares of the limits that go with them',
  async (t) => {
    // Of a limit that is only wanted there is a warning, and nothing is done.
    const shares = (limit: number) => [Math.ceil(0.75 * limit), undefined, undefined, undefined]
    for (const [name, limit] of [
      ['protocol', 100],
      ['prevention', 50],
      ['fix', 100],
      ['production', 25],
      ['investigation', 25],
    ] as const) {
      t.strictSame(numbers(name, 'pids'), shares(limit), `${name}: pids`)
      t.strictSame(numbers(name, 'duplicates'), [1, 5, 20, 50], `${name}: duplicates`)
    }
    t.strictSame(numbers('production', 'pids'), [19, undefined, undefined, undefined])
    t.strictSame(numbers('protocol', 'memory'), [3 * gib, undefined, undefined, 8 * gib])
    t.strictSame(numbers('prevention', 'memory'), [3 * gib, 4 * gib, undefined, undefined])
    t.strictSame(numbers('investigation', 'memory'), [3 * gib, undefined, undefined, undefined])
    t.strictSame(numbers('protocol', 'cpu'), [2.4, 3.2, undefined, undefined], 'of four cores')
  },
)

t.test('what they are with limits in the kernel', async (t) => {
  t.strictSame(numbers('protocol', 'memory', { memory: 4 * gib }), [3 * gib, 3865470567, 4080218932, 8 * gib])
  t.strictSame(numbers('protocol', 'pids', { pids: 25 }), [19, 23, 24, 25])
  t.strictSame(numbers('protocol', 'memory', { memory: 2 * gib }), [
    1.5 * gib,
    Math.ceil(1.8 * gib),
    Math.ceil(1.9 * gib),
    8 * gib,
  ])
  t.strictSame(numbers('protocol', 'cpu', { cpu: 2 }), [1.2, 1.6, undefined, undefined])
  t.strictSame(numbers('protocol', 'processes', { pids: 25 }), [16, 31, 51, 101])
})

t.test('a tier is reached at its threshold, not below, and holds above', async (t) => {
  for (const [name, preset] of Object.entries(all)) {
    const thresholds = resolveThresholds(preset.tiers, preset.limits, { hostCores: 4, pids: 1000 })
    for (const resource of resources) {
      const table = thresholds[resource]
      const steps = tiers.flatMap((tier) => (table[tier] ? [{ tier, at: table[tier].at }] : []))
      t.equal(tierOf(0, table), 'normal', `${name} ${resource}: nothing there`)
      for (const [index, { tier, at }] of steps.entries()) {
        const next = steps[index + 1]
        t.equal(tierOf(at - 0.001, table), steps[index - 1]?.tier ?? 'normal', `${name} ${resource}: < ${at}`)
        t.equal(tierOf(at, table), tier, `${name} ${resource}: ${at}`)
        t.ok(next === undefined || next.at > at, `${name} ${resource}: ever higher`)
      }
      t.equal(tierOf(1e12, table), steps.at(-1)?.tier ?? 'normal', `${name} ${resource}: the worst`)
    }
  }
})

t.test('the figures of the incident, in order, under the default preset', async (t) => {
  const { processes, memory } = resolveThresholds(presets.protocol.tiers, presets.protocol.limits, {
    hostCores: 4,
    memory: 4 * gib,
  })
  const replay: [number, string][] = [
    [4, 'normal'],
    [15, 'normal'],
    [16, 'warning'],
    [23, 'warning'],
    [30, 'warning'],
    [31, 'critical'],
    [46, 'critical'],
    [50, 'critical'],
    [51, 'emergency'],
    [100, 'emergency'],
    [101, 'nuclear'],
    [226, 'nuclear'],
    [626, 'nuclear'],
    [46, 'critical'],
    [2, 'normal'],
  ]
  for (const [value, tier] of replay) t.equal(tierOf(value, processes), tier, String(value))
  for (const [value, tier] of [
    [0.076, 'normal'],
    [2, 'normal'],
    [3, 'warning'],
    [3.7, 'critical'],
    [4, 'emergency'],
    [10.72, 'nuclear'],
    [14.34, 'nuclear'],
  ] as const) {
    t.equal(tierOf(value * gib, memory), tier, `${value} GB`)
  }
})

t.test('tiers have an order', async (t) => {
  t.strictSame(
    (['normal', ...tiers] as const).map((tier) => rank(tier)),
    [-1, 0, 1, 2, 3],
  )
})
