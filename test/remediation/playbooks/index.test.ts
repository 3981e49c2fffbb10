import t from 'tap'
import { Value } from 'typebox/value'
import { type Preset, presets, resources, tiers } from '../../../src/census/presets.ts'
import { actions } from '../../../src/remediation/actions/index.ts'
import { Playbook } from '../../../src/remediation/playbook.ts'
import { createPlaybooks } from '../../../src/remediation/playbooks/book.ts'
import { shipped } from '../../../src/remediation/playbooks/index.ts'
import { findBadLadders } from '../../../src/remediation/playbooks/ladders.ts'

for (const playbook of shipped) {
  t.test(`${playbook.name} is a valid playbook`, async (t) => {
    t.same([...Value.Errors(Playbook, playbook)], [])
    t.same(findBadLadders([playbook], 300), [], 'and would be taken from the configuration as it is')
    for (const { action } of playbook.steps) t.equal(actions[action].name, action)
    t.equal(playbook.steps[0]?.action, 'collect-evidence', 'the evidence is kept before anything is touched')
  })
}

t.test('a restart comes last, behind a cleanup that may make it needless', async (t) => {
  const steps = shipped.find(({ name }) => name === 'restart')?.steps ?? []
  t.same(
    steps.map(({ action }) => action),
    [
      'collect-evidence',
      'kill-orphans',
      'drain-sessions',
      'kill-duplicates',
      'restart-container',
      'recreate-container',
    ],
  )
  t.match(steps[3], { goal: 'below-tier', onMiss: 'next' })
  t.match(steps[4], { goal: 'below-tier', onMiss: 'next', onError: 'next', fallback: undefined })
  for (const { name, steps: others } of shipped) {
    // An unhealthy container is not made well by ending what it has leaked.
    if (name !== 'restart' && name !== 'restart-unhealthy')
      t.notOk(
        others.some(({ action }) => action === 'restart-container'),
        name,
      )
  }
})

t.test(
  'what does more harm than the step before it is only there for when that was not enough',
  async (t) => {
    const fallbacks = shipped.flatMap(({ name, steps }) =>
      steps.filter(({ fallback }) => fallback).map(({ action }) => `${name} ${action}`),
    )
    t.same(fallbacks, ['contain pause-and-kill', 'restart recreate-container', 'relieve-cpu cap-cpu'])
  },
)

t.test('a shipped playbook that acts and did not help calls for more', async (t) => {
  t.same(
    shipped.map(({ name, steps }) => [name, steps.at(-1)?.onMiss]),
    [
      ['record', 'next'],
      ['cleanup', 'escalate'],
      ['drain', 'escalate'],
      ['contain', 'escalate'],
      ['restart', 'escalate'],
      ['relieve-memory', 'escalate'],
      ['relieve-cpu', 'escalate'],
      // A restart for ten zombies would do more harm than they: that is for a higher tier.
      ['reap', 'stop'],
      ['protect-startup', 'escalate'],
      ['enforce-limits', 'escalate'],
      ['restart-unhealthy', 'escalate'],
      ['purge', 'stop'],
      ['recreate', 'escalate'],
    ],
  )
})

t.test('a gateway that gives up servers that cannot start is not clamped', async (t) => {
  for (const { name, steps } of shipped) {
    const taken = steps.filter(({ profiles }) => profiles?.includes('metamcp') ?? true)
    t.notOk(
      taken.some(({ action }) => action === 'clamp-pids'),
      name,
    )
  }
})

t.test('every playbook that a preset calls for exists', async (t) => {
  const { find } = createPlaybooks()
  for (const [name, preset] of Object.entries<Preset>(presets)) {
    for (const resource of resources) {
      for (const tier of tiers) {
        const rule = preset.tiers[resource][tier]
        if (rule)
          t.ok(find(rule.playbook)?.isFor(tier, resource), `${name} ${resource} ${tier}: ${rule.playbook}`)
      }
    }
  }
})

const step = { action: 'b', onMiss: 'next' }
t.ok(
  Value.Check(Playbook, { name: 'a', description: 'x', steps: [step] }),
  'what the refused ones differ from',
)
for (const [name, playbook] of [
  ['no steps', { name: 'a', description: 'x', steps: [] }],
  ['an unknown key', { name: 'a', description: 'x', steps: [step], more: 1 }],
  ['an unknown goal', { name: 'a', description: 'x', steps: [{ ...step, goal: 'good' }] }],
  ['no word on what follows', { name: 'a', description: 'x', steps: [{ action: 'b' }] }],
  ['a name that is no label', { name: 'A b', description: 'x', steps: [step] }],
  ['a wait without end', { name: 'a', description: 'x', steps: [{ ...step, wait: 3601 }] }],
  ['a tier that there is not', { name: 'a', description: 'x', for: { tiers: ['normal'] }, steps: [step] }],
  ['for nothing at all', { name: 'a', description: 'x', for: { resources: [] }, steps: [step] }],
] as const) {
  t.test(`refused: ${name}`, async (t) => t.notOk(Value.Check(Playbook, playbook)))
}
