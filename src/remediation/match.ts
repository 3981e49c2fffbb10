import { stackLabel } from '../census/labels.ts'
import type { Policy } from '../census/policy.ts'
import { type Resource, resources, type Tier, tiers } from '../census/presets.ts'
import { nameBefore } from '../host/aside.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { NewEpisode } from '../journal/records.ts'
import type { Playbooks } from './playbooks/book.ts'
import type { SkipReason, WebhookAlert } from './webhook.ts'

/** What an alert is compared with. */
export interface Surroundings {
  container(id: string): KnownContainer | undefined
  /** True when this engine ever had the container. */
  everKnew(id: string): boolean
  policyOf(container: KnownContainer): Policy
  playbooks(): Playbooks
}

/** An alert that this host should look at, or why not. */
export type Match =
  | { readonly kind: 'match'; readonly episode: NewEpisode; readonly tier: Tier; readonly resource: Resource }
  /** With the episode where people are to hear of it although nothing may be done. */
  | { readonly kind: 'skip'; readonly reason: SkipReason; readonly episode?: NewEpisode }

/** Labels are names and ids; Prometheus itself allows more, but none that is longer is one of ours. */
const longestLabel = 1024

const isTier = (value: string): value is Tier => tiers.some((tier) => tier === value)
const isResource = (value: string): value is Resource => resources.some((resource) => resource === value)

/** Tells by its labels whether an alert is about a container here, and one that a playbook may run on. */
export function match({ labels, fingerprint, startsAt }: WebhookAlert, surroundings: Surroundings): Match {
  const skip = (reason: SkipReason): Match => ({ kind: 'skip', reason })
  if (Object.entries(labels).some(([name, value]) => name.length + value.length > longestLabel)) {
    return skip('label_too_long')
  }
  const { alertname, id, tier, resource, playbook: wanted } = labels
  if (!alertname || !id || !tier || !resource || !wanted) return skip('missing_label')
  if (!isTier(tier)) return skip('unknown_tier')
  if (!isResource(resource)) return skip('unknown_resource')
  const playbook = surroundings.playbooks().find(wanted)
  if (playbook === undefined) return skip('unknown_playbook')
  if (!playbook.isFor(tier, resource)) return skip('not_for_playbook')
  const container = surroundings.container(id)
  if (container === undefined) return skip(absence(id, surroundings))
  const episode: NewEpisode = {
    fingerprint,
    startsAt,
    alert: alertname,
    containerId: id,
    name: container.name,
    playbook: wanted,
    tier,
    resource,
  }
  if (container.labels[stackLabel] !== undefined) return { ...skip('own_stack'), episode }
  // Its alerts are still about it by the id, and whatever runs for it would be beside the recreation.
  if (nameBefore(container) !== undefined) return skip('being_recreated')
  const mayAct = surroundings.policyOf(container).mode !== 'observe'
  if (playbook.acts && !mayAct) return { ...skip('not_enforced'), episode }
  return { kind: 'match', tier, resource, episode }
}

/** A whole id that this engine never had belongs to another host; hosts share an Alertmanager, and that is normal. */
function absence(id: string, { everKnew }: Surroundings): SkipReason {
  if (everKnew(id)) return 'container_gone'
  return /^[0-9a-f]{64}$/.test(id) ? 'other_host' : 'unknown_container'
}
