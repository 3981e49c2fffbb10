import t, { type Test } from 'tap'
import { Value } from 'typebox/value'
import { labelForms, readLabels, stackLabel } from '../../src/census/labels.ts'
import { PolicyLayer, PolicySettings } from '../../src/census/policy.ts'
import { presetNames, resources, tiers } from '../../src/census/presets.ts'

type Labels = Readonly<Record<string, string>>

const prefixed = (labels: Labels): Labels =>
  Object.fromEntries(Object.entries(labels).map(([key, value]) => [`pidwarden.${key}`, value]))

/** What these labels ask for; `pidwarden.` stands before each. */
const read = (labels: Labels, imageLabels: Labels = {}) => readLabels(prefixed(labels), prefixed(imageLabels))

const accepts = (t: Test, key: string, value: string, layer: PolicyLayer): void => {
  t.strictSame(read({ [key]: value }), { layer, errors: [] }, `${key}=${JSON.stringify(value)}`)
}

const quantity = 'a number, a size such as 512m or 4g, or a percentage of the limit such as 90%, or off'
const size = 'a number of bytes or a size such as 512m or 4g'

t.test('every label there is, and no other setting', async (t) => {
  const thresholds = resources.flatMap((resource) =>
    tiers.map((tier) => `pidwarden.thresholds.${resource}.${tier}`),
  )
  const limits = Object.keys(PolicySettings.properties.limits.properties).map(
    (limit) => `pidwarden.limits.${limit}`,
  )
  const plain = Object.keys(PolicySettings.properties)
    .filter((key) => key !== 'thresholds' && key !== 'limits')
    .map((key) => `pidwarden.${key}`)
  t.strictSame(
    labelForms.map(({ label }) => label).toSorted(),
    [...plain, ...thresholds, ...limits].toSorted(),
  )
  for (const { label, expected } of labelForms) t.match(expected, /\w{3}/, label)
})

t.test('one word', async (t) => {
  for (const mode of ['observe', 'dry-run', 'enforce'] as const) accepts(t, 'mode', mode, { mode })
  for (const preset of presetNames) accepts(t, 'preset', preset, { preset })
  for (const profile of ['unknown', 'generic', 'metamcp'] as const)
    accepts(t, 'profile', profile, { profile })
  accepts(t, 'mode', ' enforce\n', { mode: 'enforce' })
})

t.test('copies: for all, and for single commands', async (t) => {
  accepts(t, 'copies', '1', { copies: 1 })
  accepts(t, 'copies', '10000', { copies: 10_000 })
  accepts(t, 'copies', ' 3 ', { copies: 3 })
  accepts(t, 'copies', '007', { copies: 7 })
  accepts(t, 'copies', 'node server.js=4', { copies: { 'node server.js': 4 } })
  accepts(t, 'copies', '2, node server.js=4', { copies: { '*': 2, 'node server.js': 4 } })
  accepts(t, 'copies', '*=2,node server.js = 4', { copies: { '*': 2, 'node server.js': 4 } })
  accepts(t, 'copies', 'npx @a/b=2,python x=3', { copies: { 'npx @a/b': 2, 'python x': 3 } })
  accepts(t, 'copies', 'a=b=4', { copies: { 'a=b': 4 } })
})

t.test('keep: for all, and for single commands', async (t) => {
  accepts(t, 'keep', 'oldest', { keep: 'oldest' })
  accepts(t, 'keep', 'newest', { keep: 'newest' })
  accepts(t, 'keep', 'oldest, node server.js=newest', { keep: { '*': 'oldest', 'node server.js': 'newest' } })
})

t.test('lists', async (t) => {
  accepts(t, 'protect', 'postgres', { protect: ['postgres'] })
  accepts(t, 'protect', 'node gateway.js, postgres ,npx @a/b', {
    protect: ['node gateway.js', 'postgres', 'npx @a/b'],
  })
  accepts(t, 'protect', 'a,,b,', { protect: ['a', 'b'] })
  accepts(t, 'count', 'npm,node,mcp,desktop-commander', {
    count: ['npm', 'node', 'mcp', 'desktop-commander'],
  })
  accepts(t, 'count', '', { count: [] })
})

t.test('a threshold of every resource and tier: number, size, percentage, off', async (t) => {
  for (const resource of resources) {
    for (const tier of tiers) {
      for (const [value, meant] of [
        ['17', 17],
        ['0.5', 0.5],
        [' 17 ', 17],
        ['8g', '8g'],
        ['3072MB', '3072MB'],
        ['87.5%', '87.5%'],
        ['off', false],
      ] as const) {
        accepts(t, `thresholds.${resource}.${tier}`, value, { thresholds: { [resource]: { [tier]: meant } } })
      }
    }
  }
})

t.test('every limit', async (t) => {
  for (const limit of ['memory', 'memoryReservation', 'memorySwap']) {
    accepts(t, `limits.${limit}`, '4g', { limits: { [limit]: '4g' } })
    accepts(t, `limits.${limit}`, '4294967296', { limits: { [limit]: 4294967296 } })
  }
  accepts(t, 'limits.cpus', '1.5', { limits: { cpus: 1.5 } })
  accepts(t, 'limits.cpus', '4096', { limits: { cpus: 4096 } })
  accepts(t, 'limits.pids', '1', { limits: { pids: 1 } })
  accepts(t, 'limits.pids', '4194304', { limits: { pids: 4_194_304 } })
})

t.test('labels come together', async (t) => {
  const { layer, errors } = read({
    mode: 'enforce',
    'thresholds.processes.warning': '20',
    'thresholds.processes.nuclear': 'off',
    'thresholds.memory.critical': '90%',
    'limits.pids': '50',
    'limits.memory': '2g',
  })
  t.strictSame(errors, [])
  t.strictSame(layer, {
    mode: 'enforce',
    thresholds: { processes: { warning: 20, nuclear: false }, memory: { critical: '90%' } },
    limits: { pids: 50, memory: '2g' },
  })
})

t.test('a bad value names the label, the value and what was expected', async (t) => {
  const copies = 'a whole number from 1 to 10000, or such as "1, node server.js=4"'
  const keep = 'oldest or newest, or such as "oldest, node server.js=newest"'
  const cpus = 'a number of cores, more than 0 and up to 4096'
  const pids = 'a whole number from 1 to 4194304'
  const table: [key: string, expected: string, ...values: string[]][] = [
    ['mode', 'one of observe, dry-run, enforce', '', 'enforced', 'ENFORCE', 'dry run', 'true'],
    ['preset', `one of ${presetNames.join(', ')}`, '', 'default', 'constructor', 'Fix'],
    ['profile', 'one of unknown, generic, metamcp', '', 'metamcp2', 'toString'],
    ['victims', 'one of leaked, any', '', 'all', 'true'],
    ['recreate', 'true or false', '', 'yes', '1', 'True'],
    ['copies', copies, '', '0', '10001', '-1', '1.5', '1e3', '0x10', 'two', 'Infinity', 'NaN', '2 3', '2,3'],
    ['copies', copies, 'a=', 'a=0', 'a=1.5', 'a=x', 'a=2,', ',a=2', 'a=2,b', 'a=-1', 'a=10001'],
    ['keep', keep, '', 'latest', 'Newest', 'a=latest', 'a=', 'newest,oldest', 'a=newest,3'],
    ['protect', 'commands separated by commas', 'x'.repeat(121)],
    ['count', 'words separated by commas', `node,${'x'.repeat(121)}`],
    [
      'thresholds.memory.nuclear',
      quantity,
      '',
      'none',
      'OFF',
      'false',
      '-1',
      '1e3',
      '1000%',
      '4x',
      '4g restart',
    ],
    ['thresholds.processes.warning', quantity, 'many', '16,31'],
    ['limits.memory', size, '', '90%', '-1', 'unlimited', '4x'],
    ['limits.memorySwap', size, '50%'],
    ['limits.cpus', cpus, '', '0', '-1', '2g', '50%', '4097', 'all'],
    ['limits.pids', pids, '', '0', '-1', '1.5', '4194305', '4k', 'max'],
  ]
  for (const [key, expected, ...values] of table) {
    for (const value of values) {
      t.strictSame(
        read({ [key]: value }),
        { layer: {}, errors: [`label pidwarden.${key}: its value is not ${expected}`] },
        `${key}=${value.slice(0, 20)}`,
      )
    }
  }
})

t.test('a misspelt label is refused by name, and says what there is', async (t) => {
  for (const key of [
    'mod',
    'Mode',
    'modes',
    '',
    'mode.',
    ' mode',
    'thresholds',
    'thresholds.processes',
    'thresholds.processes.warn',
    'thresholds.process.warning',
    'thresholds.memory.warning.at',
    'limits',
    'limits.nofile',
    'limits.Memory',
    'constructor',
    '__proto__',
    'toString',
    'errors',
  ]) {
    const { layer, errors } = read({ [key]: 'enforce' })
    t.strictSame(layer, {}, key)
    t.equal(errors.length, 1, key)
    t.match(errors[0], `label pidwarden.${key}: unknown; expected one of pidwarden.mode, `, key)
    for (const { label } of labelForms) t.match(errors[0], label)
  }
})

t.test('each error is told, and what was right is kept', async (t) => {
  const { layer, errors } = read({ mode: 'enforce', preset: 'fix', copies: 'x', typo: 'y', profile: 'z' })
  t.equal(errors.length, 3)
  t.strictSame(layer, { mode: 'enforce', preset: 'fix' })
})

t.test('a long name is cut before it is repeated', async (t) => {
  const [error = ''] = read({ ['x'.repeat(10_000)]: 'x' }).errors
  t.match(error, `${'x'.repeat(60)}`)
  t.notMatch(error, 'x'.repeat(81))
  t.match(error, '…')
})

t.test('a value that is refused is not repeated: it may be a secret in the wrong place', async (t) => {
  for (const key of ['mode', 'copies', 'protect', 'thresholds.memory.nuclear', 'limits.pids']) {
    const secret = 'hunter2secret'.repeat(10)
    const { errors } = read({ [key]: secret })
    t.match(errors, [`label pidwarden.${key}: its value is not`])
    t.notMatch(errors.join(), 'hunter2')
  }
})

t.test('labels of others are none of our business', async (t) => {
  const others = {
    'com.docker.compose.project': 'x',
    pidwarden: 'enforce',
    'pidwardens.mode': 'enforce',
    'xpidwarden.mode': 'enforce',
    'io.pidwarden.mode': 'enforce',
    'Pidwarden.mode': 'enforce',
    mode: 'enforce',
  }
  t.strictSame(readLabels(others, {}), { layer: {}, errors: [] })
})

t.test('the label of the own stack is known, and no setting', async (t) => {
  t.strictSame(readLabels({ [stackLabel]: 'true' }, {}), { layer: {}, errors: [] })
})

t.test('what came with the image does not count, right or wrong', async (t) => {
  const image = { mode: 'enforce', profile: 'generic', copies: '9', 'thresholds.memory.warning': 'off' }
  t.strictSame(read(image, image), { layer: {}, errors: [] })
  const wrong = { mode: 'bogus', misspelt: 'x' }
  t.strictSame(read(wrong, wrong), { layer: {}, errors: [] })
  t.strictSame(read({ mode: 'enforce' }, { profile: 'generic' }).layer, { mode: 'enforce' })
})

t.test('the same label with another value than that of the image was put on the container', async (t) => {
  t.strictSame(read({ mode: 'enforce' }, { mode: 'dry-run' }).layer, { mode: 'enforce' })
  t.strictSame(read({ mode: 'dry-run', profile: 'generic' }, { mode: 'enforce', profile: 'generic' }).layer, {
    mode: 'dry-run',
  })
  t.equal(read({ mode: 'bogus' }, { mode: 'enforce' }).errors.length, 1)
})

t.test('names that every object has can be commands', async (t) => {
  for (const command of ['constructor', 'toString', '__proto__']) {
    const { layer, errors } = read({ copies: `${command}=4` })
    t.strictSame(errors, [])
    t.ok(Value.Check(PolicyLayer, layer))
    t.strictSame(Object.entries(layer.copies ?? {}), [[command, 4]])
  }
})

t.test('without the image no label counts, and each says so', async (t) => {
  const labels = {
    ...prefixed({ mode: 'enforce', copies: '4', misspelt: 'x' }),
    [stackLabel]: 'true',
    'com.docker.compose.project': 'x',
  }
  const { layer, errors } = readLabels(labels, undefined)
  t.strictSame(layer, {})
  t.equal(errors.length, 3, 'one for each, but neither for the own stack nor for those of others')
  for (const [index, label] of ['mode', 'copies', 'misspelt'].entries()) {
    t.match(errors[index], new RegExp(`pidwarden\\.${label}\\b.*image was removed.*recreate the container`))
  }
  t.strictSame(readLabels({ 'com.docker.compose.project': 'x' }, undefined), { layer: {}, errors: [] })
})
