import t from 'tap'
import { Value } from 'typebox/value'
import { PoliciesConfig, policyFor } from '../../src/census/policies.ts'
import type { Policy, PolicyLayer } from '../../src/census/policy.ts'
import { presets } from '../../src/census/presets.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { containerRecord } from '../support/fake-docker.ts'

type Labels = Readonly<Record<string, string>>

const prefixed = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pidwarden.${key}`, value]))

/** A container with these labels; `pidwarden.` stands before each. */
const container = (
  name: string,
  labels: Labels = {},
  more: Partial<KnownContainer> = {},
): KnownContainer => ({
  ...containerRecord(name, { labels: prefixed(labels) }),
  imageLabels: {},
  ...more,
})

/** A configuration as a file would give it, with everything that was left out at its default. */
const configured = (given: Partial<PoliciesConfig> = {}): PoliciesConfig => ({
  policy: {},
  containers: [],
  labels: { maxMode: 'enforce', ignore: [] },
  expected: [],
  collect: { openFds: false },
  ...given,
})

const judge = (given: Partial<PoliciesConfig>, labels: Labels = {}): Policy =>
  policyFor(configured(given))(container('metamcp', labels))

t.test('the schema has a default for every part', async (t) => {
  const parts = Object.fromEntries(
    Object.entries(PoliciesConfig).map(([key, schema]) => [key, Value.Default(schema, undefined)]),
  )
  t.strictSame(parts, configured())
})

t.test('without a word from anybody: observe', async (t) => {
  const found = judge({})
  t.match(found, { mode: 'observe', preset: 'protocol', profile: 'unknown', protect: [], errors: [] })
  t.equal(found.copies('x'), 1)
  t.strictSame(found.tiers, presets.protocol.tiers)
})

t.test('what the file says for all', async (t) => {
  const found = judge({ policy: { mode: 'dry-run', preset: 'fix', profile: 'generic', copies: 4 } })
  t.match(found, { mode: 'dry-run', preset: 'fix', profile: 'generic', errors: [] })
  t.equal(found.copies('x'), 4)
})

t.test('a layer counts for the containers of its name or image; * is any text', async (t) => {
  type Pattern = { readonly name?: string; readonly image?: string }
  const hits = (pattern: Pattern, name: string, image = 'a/b:1'): boolean => {
    const of = policyFor(configured({ containers: [{ ...pattern, policy: { mode: 'enforce' } }] }))
    return of(container(name, {}, { image })).mode === 'enforce'
  }
  const table: [Pattern, boolean, string, string?][] = [
    [{}, true, 'anything'],
    [{ name: 'metamcp' }, true, 'metamcp'],
    [{ name: 'metamcp' }, false, 'metamcp-1'],
    [{ name: 'metamcp' }, false, 'my-metamcp'],
    [{ name: 'metamcp' }, false, 'MetaMCP'],
    [{ name: 'metamcp*' }, true, 'metamcp'],
    [{ name: 'metamcp*' }, true, 'metamcp-prod-1'],
    [{ name: '*-db' }, true, 'web-db'],
    [{ name: '*-db' }, false, 'web-db-1'],
    [{ name: 'a*b*c' }, true, 'a-b-b-c'],
    [{ name: 'a*b*c' }, false, 'a-c'],
    [{ name: '*' }, true, 'x'],
    // Everything else means itself.
    [{ name: 'a.c' }, false, 'abc'],
    [{ name: 'a+(b)[c]|d?' }, true, 'a+(b)[c]|d?'],
    [{ name: 'a|b' }, false, 'a'],
    [{ name: '^a$' }, false, 'a'],
    [{ image: 'ghcr.io/metatool-ai/metamcp:*' }, true, 'x', 'ghcr.io/metatool-ai/metamcp:2.4'],
    [{ image: 'ghcr.io/metatool-ai/metamcp:*' }, false, 'x', 'docker.io/metamcp:2.4'],
    [{ image: 'ghcrxio/*' }, false, 'x', 'ghcr.io/a'],
    [{ name: 'a*', image: '*:1' }, true, 'ab', 'x:1'],
    [{ name: 'a*', image: '*:1' }, false, 'b', 'x:1'],
    [{ name: 'a*', image: '*:1' }, false, 'ab', 'x:2'],
  ]
  for (const [pattern, expected, name, image] of table) {
    t.equal(hits(pattern, name, image), expected, `${JSON.stringify(pattern)} ${name} ${image}`)
  }
})

t.test('the later layer wins, key by key', async (t) => {
  const found = judge({
    policy: { mode: 'dry-run', preset: 'fix', copies: 2, thresholds: { processes: { critical: 17 } } },
    containers: [
      {
        name: 'meta*',
        policy: {
          mode: 'enforce',
          thresholds: { processes: { critical: 18, emergency: 40 }, memory: { warning: '1g' } },
          limits: { pids: 60, cpus: 1 },
        },
      },
      { name: 'other', policy: { mode: 'observe', preset: 'production' } },
      {
        name: '*mcp',
        policy: { profile: 'generic', thresholds: { processes: { emergency: 45 } }, limits: { pids: 70 } },
      },
    ],
  })
  t.match(found, { mode: 'enforce', preset: 'fix', profile: 'generic', errors: [] })
  t.equal(found.copies('x'), 2)
  t.strictSame(found.tiers.processes, {
    critical: { at: 18, playbook: 'cleanup' },
    emergency: { at: 45, playbook: 'contain' },
  })
  t.strictSame(found.tiers.memory, { warning: { at: '1g', playbook: 'record' } })
  t.strictSame(found.limits, { ...presets.fix.limits, pids: 70, cpus: 1 })
})

t.test('a later layer may take back what an earlier one said', async (t) => {
  const layer = (policy: PolicyLayer) => ({ policy })
  const found = judge({
    policy: { mode: 'enforce', protect: ['postgres'], count: ['node'] },
    containers: [
      layer({
        mode: 'observe',
        protect: ['redis'],
        count: [],
        thresholds: { processes: { warning: false } },
      }),
      layer({ thresholds: { processes: { warning: 12 } } }),
    ],
  })
  t.equal(found.mode, 'observe')
  t.strictSame(found.protect, ['redis'])
  t.equal(found.counts('postgres'), true)
  t.equal(found.tiers.processes.warning?.at, 12)
})

t.test('labels come last', async (t) => {
  const found = judge(
    {
      policy: { mode: 'observe', preset: 'fix' },
      containers: [{ name: 'metamcp', policy: { mode: 'dry-run', preset: 'production', keep: 'oldest' } }],
    },
    {
      mode: 'enforce',
      preset: 'investigation',
      profile: 'generic',
      keep: 'newest',
      count: 'node',
      'thresholds.processes.warning': '20',
      'thresholds.processes.nuclear': 'off',
      'limits.pids': '40',
    },
  )
  t.match(found, { mode: 'enforce', preset: 'investigation', profile: 'generic', errors: [] })
  t.equal(found.keep('x'), 'newest')
  t.equal(found.counts('postgres'), false)
  t.strictSame(found.tiers.processes, {
    warning: { at: 20, playbook: 'cleanup' },
    critical: { at: 31, playbook: 'record' },
    emergency: { at: 46, playbook: 'contain' },
  })
  t.strictSame(found.limits, { memory: '4g', pids: 40 })
})

t.test('what came with the image does not count', async (t) => {
  const labels = prefixed({ mode: 'enforce', profile: 'generic', bogus: 'x' })
  const of = policyFor(configured())
  t.match(of(container('a', {}, { labels, imageLabels: labels })), {
    mode: 'observe',
    profile: 'unknown',
    errors: [],
  })
})

t.test('when the image is gone no label counts, and the container is only observed', async (t) => {
  const labels = prefixed({ mode: 'enforce', profile: 'generic' })
  const gone = { labels, imageLabels: undefined }
  const found = policyFor(configured({ policy: { mode: 'enforce', copies: 4 } }))(container('a', {}, gone))
  t.match(found, { mode: 'observe', profile: 'unknown' })
  t.equal(found.errors.length, 2, 'one for each label')
  t.equal(found.copies('x'), 4, 'what the file says stands')
  const without = policyFor(configured({ policy: { mode: 'enforce' } }))(
    container('a', {}, { imageLabels: undefined }),
  )
  t.match(without, { mode: 'enforce', errors: [] }, 'who has no such label is not concerned')
})

t.test('no label gets more than the file lets labels ask for', async (t) => {
  const modes = ['observe', 'dry-run', 'enforce'] as const
  for (const [most, maxMode] of modes.entries()) {
    const labels = { maxMode, ignore: [] }
    for (const [asked, mode] of modes.entries()) {
      t.equal(judge({ labels }, { mode }).mode, modes[Math.min(most, asked)], `${mode} under ${maxMode}`)
    }
    for (const mode of modes) t.equal(judge({ labels, policy: { mode } }).mode, mode, 'the file itself may')
  }
  t.equal(
    judge({ policy: { mode: 'enforce' }, labels: { maxMode: 'dry-run', ignore: [] } }, { mode: 'observe' })
      .mode,
    'observe',
    'less is always to be had',
  )
})

t.test('keys that are ignored do not count', async (t) => {
  const labels = {
    mode: 'enforce',
    preset: 'fix',
    profile: 'generic',
    copies: '9',
    keep: 'newest',
    protect: 'postgres',
    count: 'node',
    'thresholds.cpu.nuclear': '95%',
    'limits.pids': '7',
  }
  const nothing = judge({})
  for (const key of ['mode', 'preset', 'profile'] as const) {
    const found = judge({ labels: { maxMode: 'enforce', ignore: [key] } }, labels)
    t.equal(found[key], nothing[key], key)
    t.strictSame(found.errors, [])
  }
  const all = ['mode', 'preset', 'profile', 'copies', 'keep', 'protect', 'count', 'thresholds', 'limits']
  const found = judge({ labels: { maxMode: 'enforce', ignore: all } }, labels)
  t.strictSame(JSON.stringify(found), JSON.stringify(nothing))
  t.strictSame([found.copies('x'), found.keep('x'), found.counts('postgres')], [1, 'oldest', true])
  t.equal(
    judge(
      { policy: { mode: 'enforce' }, labels: { maxMode: 'observe', ignore: ['mode'] } },
      { mode: 'enforce' },
    ).mode,
    'enforce',
    'nor does it turn down what the file says',
  )
})

t.test('a label may protect more than the file, never less', async (t) => {
  const file = { policy: { protect: ['postgres', 'node gateway.js'] } }
  t.strictSame(judge(file, { protect: 'redis-server, postgres' }).protect, [
    'postgres',
    'node gateway.js',
    'redis-server',
  ])
  t.strictSame(judge(file, { protect: '' }).protect, ['postgres', 'node gateway.js'])
})

t.test('a label may narrow the profile that the file names, never widen it', async (t) => {
  const table: [PolicyLayer['profile'], string, string][] = [
    [undefined, 'generic', 'generic'],
    [undefined, 'metamcp', 'metamcp'],
    [undefined, 'unknown', 'unknown'],
    ['generic', 'unknown', 'unknown'],
    ['generic', 'metamcp', 'metamcp'],
    ['generic', 'generic', 'generic'],
    ['unknown', 'generic', 'unknown'],
    ['unknown', 'metamcp', 'unknown'],
    ['metamcp', 'generic', 'metamcp'],
    ['metamcp', 'unknown', 'metamcp'],
  ]
  for (const [profile, label, expected] of table) {
    const said: PolicyLayer = profile === undefined ? {} : { profile }
    const name = `${profile} and the label ${label}`
    t.match(judge({ policy: said }, { profile: label }), { profile: expected, errors: [] }, name)
    const containers = [{ name: 'meta*', policy: said }, { policy: {} }]
    t.equal(judge({ containers }, { profile: label }).profile, expected, `${name}, in a layer`)
  }
  const others = [{ name: 'other', policy: { profile: 'unknown' } as const }]
  t.equal(judge({ containers: others }, { profile: 'generic' }).profile, 'generic', 'a layer for others')
})

t.test(
  'a label may take back that a container may be recreated, and allow it where the file is silent',
  async (t) => {
    const table: [boolean | undefined, string, boolean][] = [
      [undefined, 'true', true],
      [undefined, 'false', false],
      [true, 'false', false],
      [true, 'true', true],
      [false, 'true', false],
      [false, 'false', false],
    ]
    for (const [recreate, label, expected] of table) {
      const said: PolicyLayer = recreate === undefined ? {} : { recreate }
      const name = `${recreate} and the label ${label}`
      t.match(judge({ policy: said }, { recreate: label }), { recreate: expected, errors: [] }, name)
      const containers = [{ name: 'meta*', policy: said }]
      t.equal(judge({ containers }, { recreate: label }).recreate, expected, `${name}, in a layer`)
    }
  },
)

t.test('a label may let more copies live than the file, never fewer', async (t) => {
  const copies = (file: PolicyLayer['copies'], label: string, commands: string[]): number[] =>
    commands.map(judge({ policy: { ...(file !== undefined && { copies: file }) } }, { copies: label }).copies)
  t.strictSame(copies(3, '5', ['a']), [5])
  t.strictSame(copies(3, '1', ['a']), [3], 'fewer copies are more kills')
  t.strictSame(copies(3, 'a=5', ['a', 'b']), [5, 3])
  t.strictSame(copies(3, 'a=1', ['a', 'b']), [3, 3])
  t.strictSame(copies(3, '1, a=4', ['a', 'b']), [4, 3])
  t.strictSame(copies({ a: 4 }, '2', ['a', 'b']), [4, 2])
  t.strictSame(copies({ a: 4 }, '6', ['a', 'b']), [6, 6])
  t.strictSame(copies({ a: 4, '*': 2 }, 'a=1,b=3', ['a', 'b', 'c']), [4, 3, 2])
  t.strictSame(copies({ a: 4, '*': 2 }, 'a=5,*=1', ['a', 'b']), [5, 2])
  t.strictSame(copies(undefined, 'a=2', ['a', 'b']), [2, 1])
  for (const name of ['constructor', '__proto__', 'toString']) {
    t.strictSame(copies(2, `${name}=4`, [name, 'b']), [4, 2], name)
    t.strictSame(copies({ b: 2 }, `${name}=4`, [name, 'b', 'c']), [4, 2, 1], name)
  }
})

t.test('what a label says wrong leaves the container in observe, whatever the file says', async (t) => {
  const file: Partial<PoliciesConfig> = {
    policy: { mode: 'enforce' },
    containers: [{ policy: { mode: 'enforce' } }],
  }
  t.equal(judge(file).mode, 'enforce')
  for (const labels of [
    { copies: 'many' },
    { typo: 'x' },
    { mode: 'ENFORCE' },
    { 'thresholds.processes.nuclear': '3' },
    { 'thresholds.memory.warning': '99%' },
  ]) {
    const found = judge(file, labels)
    t.equal(found.mode, 'observe', JSON.stringify(labels))
    t.equal(found.errors.length, 1, found.errors.join('\n'))
  }
  t.match(judge(file, { mode: 'enforce', preset: 'fix', copies: 'x' }), { mode: 'observe', preset: 'fix' })
})

t.test('tiers of the file that do not rise leave every container of it in observe', async (t) => {
  const found = judge({ policy: { mode: 'enforce', thresholds: { processes: { warning: 50 } } } })
  t.match(found, {
    mode: 'observe',
    errors: [/^thresholds\.processes\.critical: 31 is below warning \(50\)/],
  })
})

t.test('nothing that is given is changed', async (t) => {
  const config = configured({
    policy: { protect: ['postgres'], copies: { a: 2 }, thresholds: { processes: { warning: 12 } } },
    containers: [{ name: '*', policy: { limits: { pids: 9 }, thresholds: { processes: { critical: 20 } } } }],
  })
  const one = container('a', { protect: 'x', copies: '3', 'thresholds.processes.warning': '11' })
  const before = JSON.stringify([config, one, presets])
  policyFor(config)(one)
  t.equal(JSON.stringify([config, one, presets]), before)
})

t.test('that a container is judged once cannot be seen', async (t) => {
  const config = configured({ containers: [{ name: 'a', policy: { mode: 'enforce' } }] })
  const of = policyFor(config)
  const one = container('a', { copies: '2' })
  const [first, second] = [of(one), of(one)]
  t.strictSame(second, first)
  t.equal(of({ ...one, name: 'b' }).mode, 'observe', 'another record of the same container')
  t.equal(of({ ...one, labels: prefixed({ copies: '7' }) }).copies('x'), 7)
  t.equal(of(one).copies('x'), 2)
  t.equal(of(one).mode, 'enforce')
  t.equal(policyFor(configured())(one).mode, 'observe', 'another configuration does not know it')
})
