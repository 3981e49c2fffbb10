import { type Layer, layersOf, type PoliciesConfig } from '../../census/policies.ts'
import { makePolicy } from '../../census/policy.ts'
import {
  type PresetName,
  presetNames,
  type Resource,
  resources,
  type Tier,
  tiers,
} from '../../census/presets.ts'
import { isFor, type Playbook } from '../playbook.ts'
import type { RemediationSettings } from '../settings.ts'
import { effective } from './book.ts'

/** The sections in which playbooks are written, and those in which they are named. */
export interface Assigning extends PoliciesConfig {
  readonly playbooks: readonly Playbook[]
  readonly remediation: Pick<RemediationSettings, 'budgets'>
}

/**
 * Where the file names a playbook that does not exist, or calls one for what it is not for: the alerts would all be
 * skipped. `policy.thresholds.cpu.warning: …`; where a preset calls, the key is the `for` of the playbook.
 */
export function findBadAssignments(config: Assigning): readonly string[] {
  const { playbooks: own, labels, remediation } = config
  const playbooks = new Map(effective(own).map((playbook) => [playbook.name, playbook]))
  const layers = layersOf(config)
  const thresholds = layers.flatMap((layer) => {
    // A label may choose any preset, unless the file has it that labels may not.
    const chosen = labels.ignore.includes('preset') ? [layer.settings.preset] : presetNames
    return chosen.flatMap((preset) =>
      callsOf(layer, preset).flatMap(({ tier, resource, name }) => {
        const playbook = playbooks.get(name)
        const where = whoSays(layer, layers, preset, tier, resource)
        if (playbook === undefined) return [`${where}: there is no playbook ${name}`]
        if (isFor(playbook, tier, resource)) return []
        const what = playbook.orderedOnly
          ? `${name} may only be ordered by a person (orderedOnly), and no alert may call it`
          : `${name} is not for ${tier} of ${resource}`
        return where === undefined
          ? [`playbooks.${own.indexOf(playbook)}.for: ${what}, where the preset ${preset} calls for it`]
          : [`${where}: ${what}`]
      }),
    )
  })
  const budgets = remediation.budgets.flatMap(({ playbook }, index) =>
    playbook !== undefined && !playbooks.has(playbook)
      ? [`remediation.budgets.${index}.playbook: there is no playbook ${playbook}`]
      : [],
  )
  // What counts for all counts in every layer again.
  return [...new Set([...thresholds, ...budgets])]
}

interface Call {
  readonly tier: Tier
  readonly resource: Resource
  readonly name: string
}

/** Everything that a layer calls playbooks for, with a preset. */
function callsOf({ settings }: Layer, preset: PresetName): readonly Call[] {
  const table = makePolicy({ ...settings, preset }, []).tiers
  return resources.flatMap((resource) =>
    tiers.flatMap((tier) => {
      const name = table[resource][tier]?.playbook
      return name === undefined ? [] : [{ tier, resource, name }]
    }),
  )
}

/** The key of the threshold that brings the playbook; undefined = the preset does. */
function whoSays(
  layer: Layer,
  [forAll]: readonly Layer[],
  preset: PresetName,
  tier: Tier,
  resource: Resource,
): string | undefined {
  const ruleOf = (one: Layer | undefined) => one?.given.thresholds?.[resource]?.[tier]
  const said = [layer, forAll].find((one) => ruleOf(one) !== undefined)
  // A bare number leaves the playbook to the preset; with the preset of the file, the number is what is there to see.
  const says = typeof ruleOf(said) === 'object' || preset === layer.settings.preset
  return said !== undefined && says ? `${said.where}.thresholds.${resource}.${tier}` : undefined
}
