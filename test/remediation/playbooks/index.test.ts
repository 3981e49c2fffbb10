import t from 'tap'
import { Value } from 'typebox/value'
import { type Preset, presets, resources, tiers } from '../../../src/census/presets.ts'
import { actions } from '../../../src/remediation/actions/index.ts'
import { Playbook } from '../../../src/remediation/playbook.ts'
import { findPlaybook, playbooks } from '../../../src/remediation/playbooks/index.ts'

for (const playbook of playbooks) {
  t.test(`${playbook.name} is a valid playbook`, async (t) => {
    t.same([...Value.Errors(Playbook, playbook)], [])
    t.equal(findPlaybook(playbook.name), playbook)
    for (const { action } of playbook.steps) t.equal(actions[action].name, action)
    t.equal(playbook.steps[0]?.action, 'collect-evidence', 'the evidence is kept before anything is touched')
  })
}

t.test('a restart comes last, behind a cleanup that may make it needless', async (t) => {
  const steps = findPlaybook('restart')?.steps ?? []
  t.same(
    steps.map(({ action }) => action),
    ['collect-evidence', 'kill-orphans', 'kill-duplicates', 'restart-container'],
  )
  t.match(steps[2], { goal: 'below-tier', onMiss: 'next' })
  for (const { name, steps: others } of playbooks) {
    if (name !== 'restart')
      t.notOk(
        others.some(({ action }) => action === 'restart-container'),
        name,
      )
  }
})

t.test('every playbook that a preset calls for exists', async (t) => {
  for (const [name, preset] of Object.entries<Preset>(presets)) {
    for (const resource of resources) {
      for (const tier of tiers) {
        const rule = preset.tiers[resource][tier]
        if (rule) t.ok(findPlaybook(rule.playbook), `${name} ${resource} ${tier}: ${rule.playbook}`)
      }
    }
  }
})

for (const [name, playbook] of [
  ['no steps', { name: 'a', description: 'x', steps: [] }],
  ['an unknown key', { name: 'a', description: 'x', steps: [{ action: 'b', onMiss: 'next' }], more: 1 }],
  [
    'an unknown goal',
    { name: 'a', description: 'x', steps: [{ action: 'b', onMiss: 'next', goal: 'good' }] },
  ],
  ['no word on what follows', { name: 'a', description: 'x', steps: [{ action: 'b' }] }],
  ['a name that is no label', { name: 'A b', description: 'x', steps: [{ action: 'b', onMiss: 'stop' }] }],
] as const) {
  t.test(`refused: ${name}`, async (t) => t.notOk(Value.Check(Playbook, playbook)))
}
