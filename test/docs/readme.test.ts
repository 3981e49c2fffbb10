import { readFileSync } from 'node:fs'
import t from 'tap'
import { labelForms } from '../../src/census/labels.ts'
import { presets, type TierRule } from '../../src/census/presets.ts'
import { parseConfig } from '../../src/config.ts'
import { Playbook, Step } from '../../src/remediation/playbook.ts'
import { createPlaybooks } from '../../src/remediation/playbooks/book.ts'
import { shipped } from '../../src/remediation/playbooks/index.ts'

/** The README says what the code does. */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/```yaml\n((?:policy|containers|playbooks):[\s\S]*?)```/g)].map(
  ([, yaml = '']) => yaml,
)

t.test('the first configuration is the default, the others are valid', async (t) => {
  t.equal(examples.length, 3)
  t.same(parseConfig(examples[0] ?? '', 'README.md'), parseConfig('', 'none'))
  t.match(parseConfig(examples[1] ?? '', 'README.md'), {
    labels: { maxMode: 'dry-run' },
    expected: ['metamcp'],
  })
})

t.test('the playbook of the example is one, and is called', async (t) => {
  const config = parseConfig(examples[2] ?? '', 'README.md')
  const [written] = config.playbooks
  const playbook = createPlaybooks(config.playbooks).find(written?.name ?? '')
  t.ok(playbook?.acts)
  const { warning, critical } = config.policy.thresholds?.processes ?? {}
  t.match(critical ?? warning, { playbook: written?.name })
  t.ok(playbook?.isFor('critical', 'processes'))
})

t.test('playbooks, and the keys of one and of a step, are named', async (t) => {
  const section = readme.split('### Playbooks of your own')[1]?.split('\n## ')[0] ?? ''
  for (const word of Object.keys(Step.properties)) t.ok(section.includes(`\`${word}\``), word)
  for (const word of Object.keys(Playbook.properties)) t.ok(section.includes(word), word)
  for (const { name } of shipped) t.ok(readme.includes(`[\`${name}\`](docs/playbooks/${name}.md)`), name)
})

t.test('labels and presets are named', async (t) => {
  const patterns = labelForms.map(({ label }) =>
    label.replace(/thresholds\..*/, 'thresholds.<resource>.<tier>').replace(/limits\..*/, 'limits.<limit>'),
  )
  for (const label of new Set(patterns)) t.ok(readme.includes(`\`${label}\``), label)
  for (const preset of Object.keys(presets)) t.ok(readme.includes(`\`${preset}\``), preset)
})

t.test('every playbook that a preset asks for exists', async (t) => {
  const rules = Object.values(presets).flatMap(({ tiers }) =>
    Object.values(tiers).flatMap((byTier): TierRule[] => Object.values(byTier)),
  )
  for (const { playbook } of rules) t.ok(createPlaybooks().find(playbook), playbook)
})

t.test('the table of tiers is that of the preset protocol', async (t) => {
  for (const resource of ['processes', 'duplicates'] as const) {
    for (const tier of ['warning', 'critical', 'emergency', 'nuclear'] as const) {
      const rule: TierRule | undefined = presets.protocol.tiers[resource][tier]
      const row = new RegExp(`\\| ${tier} \\|.*\\b${rule?.at}\\b.*\`${rule?.playbook}\``)
      t.match(readme, row, `${resource} ${tier}`)
    }
  }
})
