import type { Observation } from '../census/observe.ts'
import { type Resource, rank, resources, type Tier, tiers, usualPlaybook } from '../census/presets.ts'
import type { Incident } from '../journal/records.ts'
import type { ReadyPlaybook } from './playbook.ts'
import { measure, measuredTier } from './verify.ts'

/** What a run is judged by. An alert says it; whoever orders a playbook names the playbook alone. */
export interface About {
  readonly tier: Tier
  readonly resource: Resource
}

type Named = Pick<ReadyPlaybook, 'name' | 'isFor'>
type Known = Pick<Incident, 'tier' | 'resource'>

/** Where nothing says more. Candidates have the age of cleanup. */
const usual = { tier: 'critical', resource: 'duplicates' } as const

/** Where several numbers speak for a playbook: duplicates are the leak itself. */
const inTurn: readonly Resource[] = [usual.resource, ...resources.filter((one) => one !== usual.resource)]

/**
 * What an order is judged by. The number that the open incident is about, if the playbook may be called for it and is
 * not for another one alone; else one that calls for the playbook by the policy of the container, the worst of them; else
 * what the playbook is usually for. At the tier that is reached now: at a higher one everything would count as fixed. And
 * at none above that where an alert would call it: who is younger than its candidates may be, is left alone for a person
 * too. `observation`: with what there is to see of a container that has crashed. Pure.
 */
export function aboutOf(playbook: Named, observation: Observation, incident: Known | undefined): About {
  const { thresholds } = observation
  const calls = (resource: Resource): readonly Tier[] =>
    tiers.filter((tier) => thresholds[resource][tier]?.playbook === playbook.name)
  const called = inTurn
    .filter((resource) => calls(resource).length > 0)
    .sort((a, b) => rank(reached(b, observation)) - rank(reached(a, observation)))
  const resource = ofIncident(playbook, called, incident) ?? called[0] ?? byNature(playbook)
  const highest = calls(resource).at(-1) ?? usual.tier
  const now = reached(resource, observation)
  return { resource, tier: now === 'normal' || rank(now) > rank(highest) ? highest : now }
}

/** A playbook that one number alone calls for is for that one, whatever it may be called for. */
function ofIncident(
  { isFor }: Named,
  called: readonly Resource[],
  incident: Known | undefined,
): Resource | undefined {
  const tier = tiers.find((one) => one === incident?.tier)
  const resource = resources.find((one) => one === incident?.resource)
  if (tier === undefined || resource === undefined || !isFor(tier, resource)) return undefined
  return called.length !== 1 || called.includes(resource) ? resource : undefined
}

/** What could not be measured has reached nothing. */
function reached(resource: Resource, observation: Observation): Tier | 'normal' {
  const { census } = observation
  if (census.kind !== 'value') return 'normal'
  return measuredTier(observation, resource, measure({ ...observation, census: census.value })) ?? 'normal'
}

/**
 * What a playbook is for binds alerts alone: a person knows why. One for unhealthy containers looks at health, and one
 * that is usually called for the CPU at the CPU: else its fallback would be for duplicates.
 */
function byNature({ name, isFor }: Named): Resource {
  const may = inTurn.filter((one) => isFor(usual.tier, one))
  const usually = may.find((one) => Object.values(usualPlaybook[one]).includes(name))
  return usually ?? may[0] ?? usual.resource
}
