import { resources, tiers } from '../census/presets.ts'
import type { CensusFamily } from './family.ts'

/** What the rules compare with: no rule file holds a number, and the playbook comes along as a label. */
export const thresholds: CensusFamily = (exposition) => {
  const threshold = exposition.gauge(
    'container_threshold',
    'Where a tier begins: counts, bytes or cores, percentages resolved; and the playbook that it calls for.',
    ['name', 'resource', 'tier', 'playbook'],
  )
  return (observations) => {
    for (const { container, thresholds } of observations) {
      for (const resource of resources) {
        for (const tier of tiers) {
          const found = thresholds[resource][tier]
          if (found === undefined) continue
          threshold.set({ name: container.name, resource, tier, playbook: found.playbook }, found.at)
        }
      }
    }
  }
}
