import t from 'tap'
import { policyFor } from '../src/census/policies.ts'
import type { Policy } from '../src/census/policy.ts'
import { parseConfig } from '../src/config.ts'
import type { ContainerRecord } from '../src/host/docker.ts'
import { containerRecord } from './support/fake-docker.ts'

/** The policy of a container under a configuration file. */
function policyIn(yaml: string, name: string, record: Partial<ContainerRecord> = {}): Policy {
  return policyFor(parseConfig(yaml, 'pidwarden.yaml'))({ ...containerRecord(name, record), imageLabels: {} })
}

const layers = `
policy:
  profile: generic
  protect: [postgres]
  thresholds:
    processes: { warning: 20 }
    memory: { warning: 1g, critical: { at: 2g, playbook: record } }
  limits: { pids: 200, memory: 3g }
containers:
  - name: metamcp*
    policy:
      mode: dry-run
      copies: { "*": 2, node server.js: 4 }
      thresholds:
        processes: { critical: 40 }
        memory: { critical: false }
      limits: { pids: 300 }
  - image: "*/metamcp:*"
    policy: { mode: enforce }
  - name: metamcp-1
    image: "*.example/*"
    policy: { keep: newest }
`

t.test('a container that no layer names has what all have', async (t) => {
  const policy = policyIn(layers, 'redis')
  t.match(policy, {
    mode: 'observe',
    preset: 'protocol',
    profile: 'generic',
    protect: ['postgres'],
    errors: [],
  })
  t.equal(policy.copies('anything'), 1)
  t.match(policy.tiers.processes, { warning: { at: 20, playbook: 'record' }, critical: { at: 31 } })
  t.same(policy.tiers.memory.critical, { at: '2g', playbook: 'record' })
  t.match(policy.limits, { pids: 200, memory: '3g', cpus: 2 }, 'over those of the preset')
})

t.test('a layer counts where its name fits, key by key over what all have', async (t) => {
  const policy = policyIn(layers, 'metamcp-2')
  t.match(policy, { mode: 'dry-run', profile: 'generic', protect: ['postgres'] })
  t.same(['node server.js', 'tsx'].map(policy.copies), [4, 2])
  t.match(policy.tiers.processes, { warning: { at: 20 }, critical: { at: 40 }, emergency: { at: 51 } })
  t.match(policy.tiers.memory.warning, { at: '1g' })
  t.equal(policy.tiers.memory.critical, undefined)
  t.match(policy.limits, { pids: 300, memory: '3g' })
  t.equal(policy.keep('tsx'), 'oldest')
})

t.test('the later layer goes over the earlier, and one that names both wants both', async (t) => {
  const image = 'ghcr.example/metatool-ai/metamcp:2'
  t.equal(policyIn(layers, 'metamcp-2', { image }).mode, 'enforce')
  t.equal(policyIn(layers, 'other', { image }).mode, 'enforce')
  t.equal(policyIn(layers, 'metamcp-1', { image }).keep('tsx'), 'newest')
  t.equal(policyIn(layers, 'metamcp-1').keep('tsx'), 'oldest')
  t.equal(policyIn(layers, 'metamcp-2', { image }).keep('tsx'), 'oldest')
})

t.test('a name is a whole name, and only * stands for others', async (t) => {
  const named = (pattern: string) => `containers:\n  - name: '${pattern}'\n    policy: { mode: enforce }\n`
  for (const [pattern, name, fits] of [
    ['metamcp', 'metamcp', true],
    ['metamcp', 'metamcp-1', false],
    ['metamcp', 'my-metamcp', false],
    ['*', 'anything', true],
    ['*mcp*', 'metamcp-1', true],
    ['meta.cp', 'metamcp', false],
    ['a|b', 'b', false],
    ['(a+)+', 'aaaa', false],
    ['[a]', 'a', false],
    ['a\\b', 'a\\b', true],
    ['Metamcp', 'metamcp', false],
  ] as const) {
    t.equal(policyIn(named(pattern), name).mode === 'enforce', fits, `${pattern} and ${name}`)
  }
})

t.test('a layer that makes tiers fall together with another keeps the container in observe', async (t) => {
  const yaml = `
containers:
  - name: "*"
    policy: { mode: enforce, thresholds: { processes: { nuclear: 60 } } }
  - name: metamcp
    policy: { thresholds: { processes: { emergency: 70, nuclear: 80 } } }
  - name: meta*
    policy: { thresholds: { processes: { emergency: 90 } } }
`
  t.match(policyIn(yaml, 'redis'), { mode: 'enforce', errors: [] })
  t.match(policyIn(yaml, 'metamcp'), {
    mode: 'observe',
    errors: [/thresholds\.processes\.nuclear: 80 is below emergency \(90\)/],
  })
})

const label = (labels: Record<string, string>) => ({ labels })

for (const [maxMode, asked, mode] of [
  ['observe', 'enforce', 'observe'],
  ['observe', 'dry-run', 'observe'],
  ['dry-run', 'enforce', 'dry-run'],
  ['dry-run', 'dry-run', 'dry-run'],
  ['dry-run', 'observe', 'observe'],
  ['enforce', 'enforce', 'enforce'],
] as const) {
  t.test(`labels.maxMode ${maxMode}: a label that asks for ${asked} gets ${mode}`, async (t) => {
    const yaml = `labels: { maxMode: ${maxMode} }\n`
    const policy = policyIn(yaml, 'metamcp', label({ 'pidwarden.mode': asked }))
    t.match(policy, { mode, errors: [] })
  })
}

t.test('labels.maxMode does not bind the file itself', async (t) => {
  const yaml = 'policy: { mode: enforce }\nlabels: { maxMode: observe }\n'
  t.equal(policyIn(yaml, 'metamcp').mode, 'enforce')
  t.equal(policyIn(yaml, 'metamcp', label({ 'pidwarden.copies': '2' })).mode, 'enforce')
})

t.test('labels.ignore: those keys count from the file alone, the others go on', async (t) => {
  const yaml = `
policy: { mode: enforce, preset: fix, copies: 2 }
labels: { maxMode: observe, ignore: [mode, preset, thresholds, copies] }
`
  const policy = policyIn(
    yaml,
    'metamcp',
    label({
      'pidwarden.mode': 'dry-run',
      'pidwarden.preset': 'investigation',
      'pidwarden.copies': '100',
      'pidwarden.thresholds.processes.critical': '1000',
      'pidwarden.profile': 'generic',
      'pidwarden.protect': 'postgres',
    }),
  )
  t.match(policy, { mode: 'enforce', preset: 'fix', profile: 'generic', protect: ['postgres'], errors: [] })
  t.equal(policy.copies('tsx'), 2)
  t.match(policy.tiers.processes.critical, { at: 16 })
})

t.test('a label that is ignored and cannot be understood is told all the same', async (t) => {
  const yaml = 'policy: { mode: enforce }\nlabels: { ignore: [preset] }\n'
  const policy = policyIn(yaml, 'metamcp', label({ 'pidwarden.preset': 'strict' }))
  t.match(policy, { mode: 'observe', errors: [/pidwarden\.preset: its value is not one of protocol/] })
})

t.test('labels tighten what the file protects, never loosen it', async (t) => {
  const yaml = 'policy: { protect: [postgres], copies: { "*": 2, tsx: 5 } }\n'
  const of = (labels: Record<string, string>) => policyIn(yaml, 'metamcp', label(labels))
  t.same(of({ 'pidwarden.protect': 'redis, postgres' }).protect, ['postgres', 'redis'])
  t.same(of({ 'pidwarden.protect': '' }).protect, ['postgres'])
  const fewer = of({ 'pidwarden.copies': '1' })
  t.same(['tsx', 'node a.js'].map(fewer.copies), [5, 2])
  const more = of({ 'pidwarden.copies': '3, node a.js=7' })
  t.same(['tsx', 'node a.js', 'git'].map(more.copies), [5, 7, 3])
})
