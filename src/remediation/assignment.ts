import { type Resource, resources, type Tier, tiers } from '../census/presets.ts'
import type { Run } from '../journal/records.ts'
import type { ReadyPlaybook } from './playbook.ts'
import type { Playbooks } from './playbooks/book.ts'

/** What a run is to do, as the configuration that is in force has it. */
export interface Assignment {
  readonly playbook: ReadyPlaybook
  readonly tier: Tier
  readonly resource: Resource
  readonly aim: { readonly aim?: Tier }
}

/** What the journal says that a run is to do. Throws when this version, or the configuration, does not know it. */
export function assignment(
  { playbook: name, tier: tierName, resource: resourceName, origin, aim: aimName }: Run,
  playbooks: Playbooks,
): Assignment {
  const playbook = playbooks.find(name)
  const tier = tiers.find((one) => one === tierName)
  const aim = tiers.find((one) => one === aimName)
  const resource = resources.find((one) => one === resourceName)
  const wanted = `the journal asks for ${name} at ${tierName} of ${resourceName}`
  if (!playbook || !tier || !resource) throw new Error(`${wanted}: unknown to this version and configuration`)
  // The configuration can have changed since the alert came.
  if (origin !== 'person' && !playbook.isFor(tier, resource)) throw new Error(`${wanted}: it is not for that`)
  return { playbook, tier, aim: aim === undefined ? {} : { aim }, resource }
}
