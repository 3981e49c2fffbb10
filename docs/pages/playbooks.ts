import {
  presetNames,
  presets,
  type Resource,
  resources,
  type Tier,
  type TierRule,
  tiers,
} from '../../src/census/presets.ts'
import type { ShippedPlaybook } from '../../src/remediation/playbook.ts'
import { table } from './table.ts'

/** What a playbook is called by, and what it does in which order. */
export function playbookPart(playbook: ShippedPlaybook): string {
  return [
    '## When it is called\n',
    callers(playbook),
    '\n## What it does, in this order\n',
    table(['', 'action', 'for', 'goal', 'if it misses', 'if it fails'], playbook.steps.map(row)),
  ].join('\n')
}

type Step = ShippedPlaybook['steps'][number]

function row(
  { action, with: given, profiles, ifAllowed, fallback, goal, wait, onMiss, onError }: Step,
  index: number,
): string[] {
  const parameters = given === undefined ? '' : ` with ${inline(given)}`
  const whom = ifAllowed ? 'policies that allow it' : (profiles?.join(', ') ?? 'all profiles')
  const patience = wait === undefined ? '' : `, waited for ${wait} s at most`
  return [
    String(index + 1),
    `[\`${action}\`](../actions.md#${action})${parameters}`,
    fallback ? `${whom}; only when the step before missed` : whom,
    goal === undefined ? '–' : `${goal}${patience}`,
    onMiss,
    onError ?? 'escalate',
  ]
}

const inline = (given: object): string =>
  `\`${JSON.stringify(given).replaceAll('"', '').replaceAll(',', ', ')}\``

/** Which tiers of which presets call it; a playbook that none calls is for people and for policies of one's own. */
function callers({ name, orderedOnly }: ShippedPlaybook): string {
  if (orderedOnly) return 'By a person alone; no alert can call it.'
  const rows = resources.flatMap((resource) => {
    const calls = tiers.flatMap((tier) => {
      const by = presetNames.filter((preset) => ruleOf(preset, resource, tier)?.playbook === name)
      return by.length === 0
        ? []
        : [[resource, tier, by.length === presetNames.length ? 'all' : by.join(', ')]]
    })
    return calls
  })
  if (rows.length === 0) return 'By no preset: by a person, or where a policy names it for a tier.'
  return `${table(['resource', 'tier', 'presets'], rows)}\n\nAnd by a person, or where a policy names it for another tier.`
}

function ruleOf(preset: (typeof presetNames)[number], resource: Resource, tier: Tier): TierRule | undefined {
  const rules: Partial<Record<Tier, TierRule>> = presets[preset].tiers[resource]
  return rules[tier]
}
