import t from 'tap'
import { ConfigError, parseConfig } from '../src/config.ts'

const wrong: readonly (readonly [string, string, ...RegExp[]])[] = [
  [
    'an unknown section',
    'policies: 1\n',
    /^x\.yaml:1: policies: unknown key; expected one of policy, containers, labels, expected, collect, playbooks, remediation, sessions, alertmanager, links, journal, host$/,
  ],
  [
    'an unknown key',
    'policy:\n  mode: enforce\n  presets: fix\n',
    /^x\.yaml:3: policy\.presets: unknown key; expected one of mode, preset, profile, victims, recreate, copies, keep, protect, count, thresholds, limits$/,
  ],
  [
    'an unknown key two levels down',
    'remediation:\n  minimumAge:\n    high: 5\n',
    /^x\.yaml:3: remediation\.minimumAge\.high: unknown key; expected one of warning, critical, emergency, nuclear$/,
  ],
  [
    'an unknown section with keys of its own',
    '\npolcy:\n  mode: enforce\n',
    /^x\.yaml:2: polcy: unknown key/,
  ],
  [
    'a budget for a playbook that does not exist',
    'remediation:\n  budgets:\n    - { scope: host, playbook: reboot, within: 60, runs: 1 }\n',
    /^x\.yaml:3: remediation\.budgets\.0\.playbook: there is no playbook reboot$/,
  ],
  [
    'a time that is none',
    'remediation:\n  maintenance:\n    - { from: "2:00", to: "04:00" }\n',
    /^x\.yaml:3: remediation\.maintenance\.0\.from: /,
  ],
  [
    'a value that is none of those allowed',
    'policy:\n  mode: kill\n',
    /^x\.yaml:2: policy\.mode: .*observe, dry-run, enforce$/,
  ],
  [
    'a number as text',
    'policy:\n  limits:\n    pids: "2"\n',
    /^x\.yaml:3: policy\.limits\.pids: must be integer$/,
  ],
  [
    'no whole number',
    'policy: {limits: {pids: 1.5}}\n',
    /^x\.yaml:1: policy\.limits\.pids: must be integer$/,
  ],
  ['too small', 'policy: {limits: {pids: 0}}\n', /^x\.yaml:1: policy\.limits\.pids: must be >= 1$/],
  ['nothing of it', 'policy: {limits: {cpus: 0}}\n', /^x\.yaml:1: policy\.limits\.cpus: must be > 0$/],
  ['too large', 'remediation:\n\n  grace: 301\n', /^x\.yaml:3: remediation\.grace: must be <= 300$/],
  ['negative', 'remediation: {settle: -1}\n', /^x\.yaml:1: remediation\.settle: must be >= 0$/],
  ['no list', 'policy:\n  protect: postgres\n', /^x\.yaml:2: policy\.protect: must be array$/],
  [
    'an item of a list',
    'policy:\n  protect:\n    - postgres\n    - 7\n',
    /^x\.yaml:4: policy\.protect\.1: must be string$/,
  ],
  ['a list for a section', 'policy: []\n', /^x\.yaml:1: policy: must be object$/],
  ['a word for the file', 'hello\n', /^x\.yaml:1: the file: must be object$/],
  ['a list for the file', '- policy\n', /^x\.yaml:1: the file: must be object$/],
  [
    'several at once: all are told',
    'policy:\n  mode: kill\n  copies: 0\nextra: 1\n',
    /^x\.yaml:2: policy\.mode/m,
    /^x\.yaml:3: policy\.copies/m,
    /^x\.yaml:4: extra/m,
  ],
  [
    'a resource that is not measured',
    'policy:\n  thresholds:\n    disk: {warning: 1}\n',
    /^x\.yaml:3: policy\.thresholds\.disk: unknown key; expected one of processes, pids, duplicates, orphans, zombies, memory, cpu, startup, limits, health$/,
  ],
  [
    'a tier that there is not',
    'policy:\n  thresholds:\n    cpu:\n      high: 1\n',
    /^x\.yaml:4: policy\.thresholds\.cpu\.high: unknown key; expected one of warning, critical, emergency, nuclear$/,
  ],
  [
    'a number for all tiers',
    'policy:\n  thresholds: {cpu: 5}\n',
    /^x\.yaml:2: policy\.thresholds\.cpu: must be object$/,
  ],
  [
    'tiers that fall',
    'policy:\n  thresholds:\n    processes:\n      warning: 50\n      critical: 20\n',
    /^x\.yaml:5: policy\.thresholds\.processes\.critical: 20 is below warning \(50\); tiers must rise$/,
  ],
  [
    'tiers that fall with those of the preset, in the layer of a container',
    'containers:\n  - name: a\n    policy:\n      thresholds:\n        processes: {warning: 50}\n',
    /^x\.yaml:5: containers\.0\.policy\.thresholds\.processes\.critical: 31 is below warning \(50\); tiers must rise$/,
  ],
  [
    'a layer without a policy',
    'containers:\n  - name: a\n',
    /^x\.yaml:2: containers\.0: must have required properties policy$/,
  ],
  [
    'a misspelt key of a layer: it would be for all containers',
    'containers:\n  - nam: a\n    policy: {mode: enforce}\n',
    /^x\.yaml:2: containers\.0\.nam: unknown key; expected one of name, image, policy$/,
  ],
  [
    'a value in the second layer',
    'containers:\n  - name: a\n    policy: {}\n  - image: b\n    policy:\n      mode: kill\n',
    /^x\.yaml:6: containers\.1\.policy\.mode: .*observe, dry-run, enforce$/,
  ],
  [
    'a form in the second layer',
    'containers:\n  - name: a\n    policy: {}\n  - image: b\n    policy:\n      copies: none\n',
    /^x\.yaml:6: containers\.1\.policy\.copies: expected a whole number from 1 to 10000, or such numbers by command$/,
  ],
  ['layers that are no list', 'containers: {}\n', /^x\.yaml:1: containers: must be array$/],
  ['a layer that is none', 'containers:\n  - metamcp\n', /^x\.yaml:2: containers\.0: must be object$/],
  [
    'a mode that labels may not have',
    'labels:\n  maxMode: all\n',
    /^x\.yaml:2: labels\.maxMode: .*observe, dry-run, enforce$/,
  ],
  [
    'a label to ignore that there is not: it would go on counting',
    'labels:\n  ignore:\n    - presets\n',
    /^x\.yaml:3: labels\.ignore\.0: .*mode, preset, profile, victims, recreate, copies, keep, protect, count, thresholds, limits$/,
  ],
  ['a word for a list', 'expected: metamcp\n', /^x\.yaml:1: expected: must be array$/],
  ['no name', 'expected:\n  - metamcp\n  - 7\n', /^x\.yaml:3: expected\.1: must be string$/],
  ['no yes and no no', 'collect:\n  openFds: "yes"\n', /^x\.yaml:2: collect\.openFds: must be boolean$/],
  ['broken YAML', 'policy:\n  mode: [enforce\n', /^x\.yaml:\d+: /],
  ['a key twice', 'policy:\n  mode: observe\n  mode: enforce\n', /^x\.yaml:3: /],
  ['two documents', 'policy:\n---\npolicy:\n', /^x\.yaml:\d+: /],
  ['an alias of nothing', 'policy: *nothing\n', /^x\.yaml:1: /],
  [
    'aliases that multiply',
    `a: &a [${'1,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]\n`,
    /^x\.yaml/,
  ],
]

for (const [name, text, ...messages] of wrong) {
  t.test(`refused: ${name}`, async (t) => {
    for (const message of messages) {
      t.throws(() => parseConfig(text, 'x.yaml'), { name: 'ConfigError', message })
    }
    t.throws(() => parseConfig(text, 'x.yaml'), ConfigError)
  })
}

const quantity = 'a number, a size such as 512m or 4g, or a percentage of the limit such as 90%'
const forms: readonly (readonly [key: string, expected: string, ...wrong: string[]])[] = [
  [
    'copies',
    'a whole number from 1 to 10000, or such numbers by command',
    ...['"2"', '1.5', '0', '10001', '{node: 0}', '{node: many, "*": 2}', '[2]', 'true'],
  ],
  ['keep', 'oldest or newest, or these by command', 'old', '7', '{node: old}', '[oldest]'],
  [
    'thresholds.memory.warning',
    `${quantity}, false, or { at, playbook }`,
    ...['90 percent', '-1', '4x', '1000%', 'true', '{at: 5}', '{at: x, playbook: record}', '[5]'],
    ...['{at: 5, playbook: ""}', '{at: 5, playbook: record, more: 1}', '{playbook: record}'],
  ],
  ['limits.memory', 'a number of bytes or a size such as 512m or 4g', '50%', 'much', '-1', '{}'],
  ['limits.memorySwap', 'a number of bytes or a size such as 512m or 4g', 'false'],
]

for (const [key, expected, ...values] of forms) {
  t.test(`policy.${key} may take several forms: one line says which`, async (t) => {
    for (const value of values) {
      const path = key.split('.')
      const text = `policy: ${path.map((one) => `{${one}: `).join('')}${value}${'}'.repeat(path.length)}\n`
      const message = `x.yaml:1: policy.${key}: expected ${expected}`
      t.throws(() => parseConfig(text, 'x.yaml'), { name: 'ConfigError', message }, value)
      try {
        parseConfig(text, 'x.yaml')
      } catch (error) {
        t.equal(String(error), `ConfigError: ${message}`, `${value}: nothing else is said`)
      }
    }
  })
}

t.test('more than a handful of keys: all are told, each with what is expected', async (t) => {
  const text = `policy:
  copies: x
  keep: x
  thresholds:
    memory: {warning: x, critical: x, emergency: x, nuclear: x}
    cpu: {warning: x, critical: x}
expected: x
`
  try {
    parseConfig(text, 'x.yaml')
    t.fail('not refused')
  } catch (error) {
    const told = String(error)
      .replace('ConfigError: ', '')
      .split('\n')
      .map((line) => line.split(': ', 3))
    t.same(
      told.map(([place, key]) => `${place} ${key}`),
      [
        'x.yaml:2 policy.copies',
        'x.yaml:3 policy.keep',
        'x.yaml:5 policy.thresholds.memory.warning',
        'x.yaml:5 policy.thresholds.memory.critical',
        'x.yaml:5 policy.thresholds.memory.emergency',
        'x.yaml:5 policy.thresholds.memory.nuclear',
        'x.yaml:6 policy.thresholds.cpu.warning',
        'x.yaml:6 policy.thresholds.cpu.critical',
        'x.yaml:7 expected',
      ],
    )
    for (const [, key = '', expected = ''] of told)
      t.match(expected, /^(expected a|expected oldest|must be)/, key)
  }
})
