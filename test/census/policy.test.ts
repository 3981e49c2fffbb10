import t from 'tap'
import { Value } from 'typebox/value'
import {
  defaultPolicy,
  makePolicy,
  type Policy,
  PolicyLayer,
  PolicySettings,
} from '../../src/census/policy.ts'
import { presetNames, presets, resources, usualPlaybook } from '../../src/census/presets.ts'

const policy = (settings: PolicyLayer = {}, errors: readonly string[] = []): Policy => {
  if (!Value.Check(PolicyLayer, settings)) throw new Error(`no settings: ${JSON.stringify(settings)}`)
  return makePolicy({ ...defaultPolicy, ...settings }, errors)
}

t.test('without a word from anybody: observe, and nothing may be killed but orphans', async (t) => {
  t.ok(Value.Check(PolicySettings, defaultPolicy))
  const found = policy()
  t.match(found, { mode: 'observe', preset: 'protocol', profile: 'unknown' })
  t.strictSame(found.protect, [])
  t.strictSame(found.errors, [])
  t.equal(found.copies('node server.js'), 1)
  t.equal(found.keep('node server.js'), 'oldest')
  t.equal(found.counts('anything'), true)
  t.strictSame(found.tiers, presets.protocol.tiers)
  t.strictSame(found.limits, presets.protocol.limits)
})

t.test('each setting says what it says', async (t) => {
  for (const mode of ['observe', 'dry-run', 'enforce'] as const) t.equal(policy({ mode }).mode, mode)
  for (const profile of ['unknown', 'generic', 'metamcp'] as const)
    t.equal(policy({ profile }).profile, profile)
  for (const preset of presetNames) {
    const found = policy({ preset })
    t.equal(found.preset, preset)
    t.strictSame(found.tiers, presets[preset].tiers)
    t.strictSame(found.limits, presets[preset].limits)
    t.strictSame(found.errors, [], `${preset}: its own tiers rise`)
  }
  t.strictSame(policy({ protect: ['postgres', 'node gateway.js'] }).protect, ['postgres', 'node gateway.js'])
})

t.test('copies: for all, or by command with * for the others', async (t) => {
  const one = policy({ copies: 3 }).copies
  t.strictSame(['a', 'b'].map(one), [3, 3])
  const some = policy({ copies: { 'node a': 4, '*': 2 } }).copies
  t.strictSame(['node a', 'node ab', 'other', '*'].map(some), [4, 2, 2, 2])
  const single = policy({ copies: { 'node a': 4 } }).copies
  t.strictSame(['node a', 'other', 'constructor', '__proto__', ''].map(single), [4, 1, 1, 1, 1])
})

t.test('keep: for all, or by command with * for the others', async (t) => {
  t.equal(policy({ keep: 'newest' }).keep('a'), 'newest')
  const some = policy({ keep: { 'node a': 'newest' } }).keep
  t.strictSame(['node a', 'other', 'toString'].map(some), ['newest', 'oldest', 'oldest'])
  const others = policy({ keep: { 'node a': 'oldest', '*': 'newest' } }).keep
  t.strictSame(['node a', 'other'].map(others), ['oldest', 'newest'])
})

t.test('count: a command counts when it contains one of the words', async (t) => {
  const { counts } = policy({ count: ['npm', 'node', 'mcp', 'desktop-commander'] })
  for (const label of ['node gateway.js', 'npm exec', 'python mcp-server-time', 'npx desktop-commander'])
    t.equal(counts(label), true, label)
  for (const label of ['postgres', 'Node', 'sh -c', '']) t.equal(counts(label), false, label)
})

t.test('what differs from the preset', async (t) => {
  const { tiers, errors } = policy({
    thresholds: {
      processes: { warning: 20, critical: false, emergency: { at: 60, playbook: 'record' } },
      duplicates: { nuclear: false },
      cpu: { nuclear: '95%' },
    },
  })
  t.strictSame(errors, [])
  t.strictSame(tiers.processes, {
    warning: { at: 20, playbook: 'record' },
    emergency: { at: 60, playbook: 'record' },
    nuclear: { at: 101, playbook: 'restart' },
  })
  t.strictSame(tiers.duplicates, {
    warning: { at: 1, playbook: 'record' },
    critical: { at: 5, playbook: 'cleanup' },
    emergency: { at: 20, playbook: 'contain' },
  })
  t.strictSame(tiers.cpu, { ...presets.protocol.tiers.cpu, nuclear: { at: '95%', playbook: 'restart' } })
  t.strictSame(tiers.memory, presets.protocol.tiers.memory, 'and all else is that of the preset')
  t.strictSame(tiers.pids, presets.protocol.tiers.pids)
})

t.test(
  'a number alone keeps the playbook of the preset, and where there is none takes the usual',
  async (t) => {
    const { tiers } = policy({
      preset: 'investigation',
      thresholds: {
        processes: { warning: 10, critical: 20 },
        cpu: { warning: 1, critical: 2, emergency: 3, nuclear: 4 },
      },
    })
    t.equal(tiers.processes.warning?.playbook, 'cleanup')
    t.equal(tiers.processes.critical?.playbook, 'record')
    for (const [tier, playbook] of Object.entries(usualPlaybook.cpu)) {
      t.equal(tiers.cpu[tier as keyof typeof usualPlaybook.cpu]?.playbook, playbook)
    }
  },
)

t.test('every tier can be switched off', async (t) => {
  const off = { warning: false, critical: false, emergency: false, nuclear: false } as const
  const { tiers, errors } = policy({ thresholds: { processes: off, memory: off } })
  t.strictSame([tiers.processes, tiers.memory], [{}, {}])
  t.strictSame(errors, [])
})

t.test('limits that differ from the preset', async (t) => {
  t.strictSame(policy({ limits: { pids: 200, memory: '2g' } }).limits, {
    ...presets.protocol.limits,
    pids: 200,
    memory: '2g',
  })
  t.strictSame(policy({ preset: 'investigation', limits: { cpus: 1 } }).limits, {
    memory: '4g',
    pids: 25,
    cpus: 1,
  })
})

t.test('the presets are not changed by what differs from them', async (t) => {
  const before = JSON.stringify(presets)
  policy({ thresholds: { processes: { warning: 3, critical: false } }, limits: { pids: 7 } })
  t.equal(JSON.stringify(presets), before)
})

t.test('an error on the way leaves the container in observe', async (t) => {
  for (const mode of ['observe', 'dry-run', 'enforce'] as const) {
    t.match(policy({ mode, profile: 'generic' }, ['label x: unknown']), {
      mode: 'observe',
      profile: 'generic',
      errors: ['label x: unknown'],
    })
  }
})

t.test(
  'tiers that do not rise are an error that names them, and leave the container in observe',
  async (t) => {
    const table: [PolicyLayer['thresholds'], ...string[]][] = [
      [
        { processes: { nuclear: 10 } },
        'thresholds.processes.nuclear: 10 is below emergency (51); tiers must rise',
      ],
      [
        { processes: { warning: 40 } },
        'thresholds.processes.critical: 31 is below warning (40); tiers must rise',
      ],
      [
        { memory: { critical: '50%' } },
        'thresholds.memory.critical: 50% is below warning (75%); tiers must rise',
      ],
      [
        { memory: { warning: '3g', critical: '2048m', emergency: false, nuclear: '4g' } },
        'thresholds.memory',
      ],
      [
        { duplicates: { warning: 2, critical: false, emergency: false, nuclear: 1 } },
        'thresholds.duplicates.nuclear: 1 is below warning (2); tiers must rise',
      ],
      [{ cpu: { warning: '90%' }, pids: { warning: '99%' } }, 'thresholds.pids.critical', 'thresholds.cpu'],
      // One of another kind between two that can be compared does not hide them.
      [{ memory: { warning: '9g' } }, 'thresholds.memory.nuclear: 8g is below warning (9g); tiers must rise'],
    ]
    for (const [thresholds, ...expected] of table) {
      const found = policy({ mode: 'enforce', ...(thresholds && { thresholds }) })
      t.equal(found.mode, 'observe', JSON.stringify(thresholds))
      t.equal(found.errors.length, expected.length, found.errors.join('\n'))
      for (const [index, error] of expected.entries()) t.match(found.errors[index], error)
    }
  },
)

t.test('a tier that is reached at all times, and one of health that is no yes, are errors', async (t) => {
  const always = 'is reached at all times; where no such tier is meant, a label says off and the file false'
  const table: [PolicyLayer['thresholds'], string][] = [
    ...resources
      .filter((resource) => resource !== 'health')
      .map((resource): [PolicyLayer['thresholds'], string] => [
        { [resource]: { warning: 0 } },
        `thresholds.${resource}.warning: 0 ${always}`,
      ]),
    [{ memory: { warning: '0%' } }, `thresholds.memory.warning: 0% ${always}`],
    [{ memory: { warning: '0.0g' } }, `thresholds.memory.warning: 0.0g ${always}`],
    [{ cpu: { warning: '0.00%' } }, `thresholds.cpu.warning: 0.00% ${always}`],
    [{ orphans: { warning: 1e-9 } }, `thresholds.orphans.warning: 1e-9 ${always}`],
    [
      { duplicates: { warning: false, critical: { at: 0, playbook: 'cleanup' } } },
      `thresholds.duplicates.critical: 0 ${always}`,
    ],
    ...[0, 2, 0.5, '1%', '1k'].map((at): [PolicyLayer['thresholds'], string] => [
      { health: { emergency: at } },
      `thresholds.health.emergency: ${at} is no threshold; health is 1 when the container is not well, and 0 otherwise; where no such tier is meant, a label says off and the file false`,
    ]),
  ]
  for (const [thresholds, expected] of table) {
    const found = policy({ mode: 'enforce', ...(thresholds && { thresholds }) })
    t.strictSame(found.errors, [expected])
    t.equal(found.mode, 'observe')
  }
})

t.test('tiers that rise, stand level, or cannot be compared are none', async (t) => {
  const table: PolicyLayer['thresholds'][] = [
    { processes: { warning: 31, critical: 31 } },
    { memory: { warning: '4096m', critical: '4g', emergency: 4294967296, nuclear: '8g' } },
    { memory: { warning: '75%', critical: '1g' } },
    { pids: { warning: 5 } },
    { health: { warning: 1, emergency: '1', nuclear: 1 } },
    { cpu: { warning: 0.05 }, orphans: { warning: 0.5 } },
    { processes: { warning: false, critical: false, emergency: false, nuclear: 1 } },
  ]
  for (const thresholds of table) {
    const found = policy({ mode: 'enforce', ...(thresholds && { thresholds }) })
    t.strictSame(found.errors, [], JSON.stringify(thresholds))
    t.equal(found.mode, 'enforce')
  }
})

t.test('settings that are none are refused by the schema', async (t) => {
  const bad: unknown[] = [
    { mode: 'kill' },
    { modus: 'observe' },
    { preset: 'constructor' },
    { copies: 0 },
    { copies: 1.5 },
    { copies: { a: 0 } },
    { copies: { a: 'x' } },
    { copies: '2' },
    { keep: 'latest' },
    { keep: { a: 'latest' } },
    { protect: 'postgres' },
    { protect: [''] },
    { count: [7] },
    { thresholds: { swap: {} } },
    { thresholds: { processes: { high: 3 } } },
    { thresholds: { processes: { warning: -1 } } },
    { thresholds: { processes: { warning: true } } },
    { thresholds: { processes: { warning: null } } },
    { thresholds: { processes: { warning: { at: 3 } } } },
    { thresholds: { processes: { warning: { playbook: 'record' } } } },
    { thresholds: { processes: { warning: { at: 3, playbook: '' } } } },
    { thresholds: { processes: { warning: { at: 3, playbook: 'record', more: 1 } } } },
    { limits: { memory: '90%' } },
    { limits: { cpus: 0 } },
    { limits: { pids: 0 } },
    { limits: { nofile: [1, 2] } },
  ]
  for (const settings of bad) t.notOk(Value.Check(PolicyLayer, settings), JSON.stringify(settings))
})
