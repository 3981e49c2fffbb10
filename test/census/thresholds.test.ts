import t from 'tap'
import { resources, type Tier, type TierRule, type TierTable, tiers } from '../../src/census/presets.ts'
import type { Quantity } from '../../src/census/quantity.ts'
import { type LimitFacts, resolveThresholds, type Threshold, tierOf } from '../../src/census/thresholds.ts'

const none = {}
const empty: TierTable = {
  processes: none,
  pids: none,
  duplicates: none,
  orphans: none,
  zombies: none,
  memory: none,
  cpu: none,
  startup: none,
  limits: none,
  health: none,
}
const gib = 1024 ** 3

/** Where `warning` of one resource begins; undefined when it does not exist. */
function warningAt(
  resource: (typeof resources)[number],
  at: Quantity,
  facts: Partial<LimitFacts> = {},
  wanted: Parameters<typeof resolveThresholds>[1] = {},
): number | undefined {
  const table = { ...empty, [resource]: { warning: { at, playbook: 'record' } } }
  const resolved = resolveThresholds(table, wanted, { hostCores: 8, ...facts })
  for (const other of resources) {
    if (other !== resource && Object.keys(resolved[other]).length > 0) throw new Error(`also ${other}`)
  }
  return resolved[resource].warning?.at
}

t.test('absolute numbers are what they are, whatever the limits', async (t) => {
  for (const facts of [{}, { pids: 7, memory: 1000, cpu: 0.5 }]) {
    t.equal(warningAt('processes', 16, facts), 16)
    t.equal(warningAt('pids', 90, facts), 90)
    t.equal(warningAt('duplicates', 5, facts), 5)
    t.equal(warningAt('memory', '8g', facts), 8 * gib)
    t.equal(warningAt('memory', '3072m', facts), 3 * gib)
    t.equal(warningAt('memory', 4096, facts), 4096)
    t.equal(warningAt('cpu', 1.5, facts), 1.5)
  }
})

t.test('of tasks and memory, a limit that is only wanted makes the warning tier and no other', async (t) => {
  const rules = Object.fromEntries(
    tiers.map((tier, index) => [tier, { at: `${70 + 10 * index}%`, playbook: 'record' }]),
  )
  const table = { ...empty, pids: rules, memory: rules, processes: rules }
  const wanted = { pids: 100, memory: 1000 }
  const begins = (facts: Partial<LimitFacts>) => {
    const resolved = resolveThresholds(table, wanted, { hostCores: 8, ...facts })
    return (['pids', 'memory', 'processes'] as const).map((one) => Object.keys(resolved[one]).length)
  }
  t.same(begins({}), [1, 1, 4])
  t.same(begins({ pids: 50 }), [4, 1, 4])
  t.same(begins({ memory: 500 }), [1, 4, 4])
  const absolute = { ...empty, pids: { nuclear: { at: 90, playbook: 'restart' } } }
  t.match(
    resolveThresholds(absolute, wanted, { hostCores: 8 }).pids,
    { nuclear: { at: 90 } },
    'a number counts',
  )
})

t.test('a percentage is one of the limit in force, else of the limit that is wanted', async (t) => {
  const wanted = { pids: 100, memory: '4g', cpus: 2 }
  t.equal(warningAt('pids', '75%', { pids: 200 }, wanted), 150, 'the kernel has one')
  t.equal(warningAt('pids', '75%', {}, wanted), 75, 'the kernel has none')
  t.equal(warningAt('pids', '75%', {}, {}), undefined, 'nobody has one')
  t.equal(warningAt('pids', '100%', { pids: 200 }, wanted), 200, 'a limit in force can be hit')
  t.equal(warningAt('pids', '100%', {}, wanted), 100, 'a warning harms nobody')
  t.equal(warningAt('pids', 100, {}, wanted), 100, 'a number is a number')
  t.equal(warningAt('processes', '50%', { pids: 200 }, wanted), 100)
  t.equal(warningAt('processes', '50%', {}, wanted), 50)
  t.equal(warningAt('processes', '50%'), undefined)
  t.equal(warningAt('memory', '75%', { memory: 8 * gib }, wanted), 6 * gib)
  t.equal(warningAt('memory', '75%', {}, wanted), 3 * gib)
  t.equal(warningAt('memory', '75%', {}, { memory: 8 * gib }), 6 * gib, 'wanted in bytes')
  t.equal(warningAt('memory', '75%'), undefined)
})

t.test('CPU is a share of its limit, else of the whole host', async (t) => {
  t.equal(warningAt('cpu', '60%', { cpu: 0.5 }, { cpus: 2 }), 0.3)
  t.equal(warningAt('cpu', '60%', {}, { cpus: 2 }), 4.8, 'not of the limit that is only wanted')
  t.equal(warningAt('cpu', '80%', { hostCores: 1 }), 0.8)
})

t.test('of duplicates there is no limit to take a share of', async (t) => {
  t.equal(warningAt('duplicates', '50%', { pids: 100, memory: gib, cpu: 1 }, { pids: 100 }), undefined)
})

t.test('what is counted is reached at the next whole one', async (t) => {
  const table: [Quantity, number, number][] = [
    ['75%', 25, 19],
    ['90%', 25, 23],
    ['95%', 25, 24],
    ['100%', 25, 25],
    ['75%', 100, 75],
    ['1%', 25, 1],
    // In binary 7 % of 100 is a little more than 7, and 110 % of 100 a little more than 110.
    ['7%', 100, 7],
    ['14%', 100, 14],
    ['55%', 100, 55],
    ['56%', 100, 56],
    ['57%', 100, 57],
    ['110%', 100, 110],
    ['33.3%', 1000, 333],
    ['33.35%', 1000, 334],
    ['250%', 10, 25],
  ]
  for (const [at, pids, expected] of table)
    t.equal(warningAt('pids', at, { pids }), expected, `${at} of ${pids}`)
  t.equal(warningAt('memory', '90%', { memory: 4 * gib }), 3865470567, 'bytes are whole')
  t.equal(warningAt('duplicates', 1.5), 2)
  for (let percent = 1; percent <= 100; percent++) {
    t.equal(warningAt('pids', `${percent}%`, { pids: 100 }), percent, `${percent}% of 100`)
    t.equal(warningAt('memory', `${percent}%`, { memory: 4_000_000_000 }), percent * 40_000_000)
  }
})

t.test('every tier keeps its playbook, and one that has nothing to be a share of goes alone', async (t) => {
  const memory: Record<Tier, TierRule> = {
    warning: { at: '75%', playbook: 'record' },
    critical: { at: 1000, playbook: 'cleanup' },
    emergency: { at: '95%', playbook: 'contain' },
    nuclear: { at: '8g', playbook: 'restart' },
  }
  const table = { ...empty, memory }
  t.strictSame(resolveThresholds(table, {}, { hostCores: 1 }).memory, {
    critical: { at: 1000, playbook: 'cleanup' },
    nuclear: { at: 8 * gib, playbook: 'restart' },
  })
  t.strictSame(resolveThresholds(table, {}, { hostCores: 1, memory: 2000 }).memory, {
    warning: { at: 1500, playbook: 'record' },
    critical: { at: 1500, playbook: 'cleanup' },
    emergency: { at: 1900, playbook: 'contain' },
    nuclear: { at: 8 * gib, playbook: 'restart' },
  })
})

t.test('a tier never begins below a milder one, though percentages and numbers cross', async (t) => {
  const starts = (
    resource: 'memory' | 'pids' | 'cpu',
    rules: Partial<Record<Tier, Quantity>>,
    facts: Partial<LimitFacts>,
  ): Partial<Record<Tier, number>> => {
    const table = Object.entries(rules).map(([tier, at]) => [tier, { at, playbook: 'record' }])
    const wanted = { ...empty, [resource]: Object.fromEntries(table) }
    const resolved = resolveThresholds(wanted, {}, { hostCores: 8, ...facts })[resource]
    return Object.fromEntries(Object.entries(resolved).map(([tier, { at }]) => [tier, at]))
  }
  const memory = { warning: '75%', critical: '90%', nuclear: '8g' } as const
  t.strictSame(
    starts('memory', memory, { memory: 16 * gib }),
    { warning: 12 * gib, critical: 15461882266, nuclear: 15461882266 },
    '8 GiB would be the restart before the warning',
  )
  t.strictSame(
    starts('memory', memory, { memory: 4 * gib }),
    { warning: 3 * gib, critical: 3865470567, nuclear: 8 * gib },
    'where they do not cross they stay',
  )
  t.strictSame(
    starts('memory', memory, {}),
    { nuclear: 8 * gib },
    'a tier that has nothing to be a share of lifts nobody',
  )
  t.strictSame(
    starts('pids', { warning: '90%', critical: 10, emergency: 20, nuclear: '95%' }, { pids: 100 }),
    { warning: 90, critical: 90, emergency: 90, nuclear: 95 },
    'over several',
  )
  t.strictSame(starts('cpu', { emergency: '50%', nuclear: 1 }, {}), { emergency: 4, nuclear: 4 })
  t.strictSame(
    starts('pids', { nuclear: 10, warning: '90%' }, { pids: 100 }),
    { warning: 90, nuclear: 90 },
    'in whichever order they were written',
  )
})

t.test('no rules, no thresholds; and every resource is there', async (t) => {
  t.strictSame(resolveThresholds(empty, {}, { hostCores: 1 }), empty)
})

const at = (value: number): Threshold => ({ at: value, playbook: 'record' })

t.test('a tier is reached at its threshold, not below, and holds above', async (t) => {
  const table = { warning: at(16), critical: at(31), emergency: at(51), nuclear: at(101) }
  const expected: [number, Tier | 'normal'][] = [
    [0, 'normal'],
    [15, 'normal'],
    [15.999, 'normal'],
    [16, 'warning'],
    [30, 'warning'],
    [31, 'critical'],
    [50, 'critical'],
    [51, 'emergency'],
    [100, 'emergency'],
    [101, 'nuclear'],
    [7396, 'nuclear'],
  ]
  for (const [value, tier] of expected) t.equal(tierOf(value, table), tier, String(value))
})

t.test('without thresholds everything is normal', async (t) => {
  t.equal(tierOf(1e9, {}), 'normal')
})

t.test('the highest tier that is reached counts, though one between is missing or lower', async (t) => {
  t.equal(tierOf(60, { warning: at(10), nuclear: at(50) }), 'nuclear')
  t.equal(tierOf(40, { warning: at(10), nuclear: at(50) }), 'warning')
  t.equal(tierOf(20, { warning: at(30), critical: at(20) }), 'critical')
})

t.test('every tier can be the only one', async (t) => {
  for (const tier of tiers) {
    t.equal(tierOf(5, { [tier]: at(5) }), tier)
    t.equal(tierOf(4, { [tier]: at(5) }), 'normal')
  }
})
