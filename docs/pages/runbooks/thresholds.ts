import {
  type PresetName,
  presetNames,
  presets,
  type Resource,
  type Tier,
  type TierRule,
  tiers,
  usualPlaybook,
} from '../../../src/census/presets.ts'
import { share } from '../../../src/census/quantity.ts'
import { table } from '../table.ts'

/** What a preset says of one tier of a resource. */
export function ruleOf(preset: PresetName, resource: Resource, tier: Tier): TierRule | undefined {
  const rules: Partial<Record<Tier, TierRule>> = presets[preset].tiers[resource]
  return rules[tier]
}

/** The playbooks that presets call for at a tier, and the presets of each; the usual one where none has the tier. */
export function callers(resource: Resource, tier: Tier): ReadonlyMap<string, readonly PresetName[]> {
  const calling = presetNames.filter((preset) => ruleOf(preset, resource, tier) !== undefined)
  const found = Map.groupBy(calling, (preset) => ruleOf(preset, resource, tier)?.playbook ?? '')
  return found.size > 0 ? found : new Map([[usualPlaybook[resource][tier], []]])
}

/** The next tier above with another playbook, in a preset. */
export function nextRung(
  preset: PresetName,
  resource: Resource,
  tier: Tier,
): { readonly tier: Tier; readonly playbook: string } | undefined {
  const own = ruleOf(preset, resource, tier)?.playbook
  for (const above of tiers.slice(tiers.indexOf(tier) + 1)) {
    const playbook = ruleOf(preset, resource, above)?.playbook
    if (playbook !== undefined && playbook !== own) return { tier: above, playbook }
  }
  return undefined
}

const whole: Readonly<Partial<Record<Resource, string>>> = {
  cpu: 'the CPU limit, or of the cores of the host where there is none',
  memory: 'the memory limit in force, or of the one that the policy wants where there is none',
  pids: 'the PID limit in force, or of the one that the policy wants where there is none',
}

/** Where the tier begins, preset by preset. */
export function thresholdTable(resource: Resource, tier: Tier): string {
  if (presetNames.every((preset) => ruleOf(preset, resource, tier) === undefined)) {
    const calls = `it then calls \`${usualPlaybook[resource][tier]}\` unless the configuration file names another playbook`
    return `No preset has this tier. The alert fires only where the policy gives it a threshold; ${calls}.`
  }
  const rows = presetNames.map((preset) => {
    const rule = ruleOf(preset, resource, tier)
    if (rule === undefined) return [`\`${preset}\``, 'never', '']
    return [`\`${preset}\``, String(rule.at), `[\`${rule.playbook}\`](../playbooks/${rule.playbook}.md)`]
  })
  const shares = presetNames.some((preset) => share(ruleOf(preset, resource, tier)?.at ?? 0) !== undefined)
  const of = shares && whole[resource] !== undefined ? [`A percentage is one of ${whole[resource]}.`] : []
  return [table(['preset', 'begins at', 'playbook'], rows), ...of].join('\n\n')
}
