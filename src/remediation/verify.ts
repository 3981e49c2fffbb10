import { hasCrashed } from '../census/crash.ts'
import { heldLimits, unheldLimits } from '../census/limits.ts'
import type { Census, Observation } from '../census/observe.ts'
import { type Resource, type Tier, tiers } from '../census/presets.ts'
import { type Thresholds, tierOf } from '../census/thresholds.ts'
import { isYoung } from '../census/youth.ts'
import type { Ending } from '../journal/outcomes.ts'
import type { Measurement } from '../journal/records.ts'
import type { Goal } from './playbook.ts'

/** What is measured: a container that runs and could be read, or one that has crashed. */
export interface Measured extends Pick<Observation, 'container' | 'policy'> {
  readonly census: Census
}

/** The numbers of a container that tiers are judged by, and those that the journal keeps beside them. */
export function measure({ container, policy, census }: Measured): Measurement {
  const { cgroup, counted, instances, zombies, cpu } = census
  const crashed = hasCrashed(container)
  const count = (standing: string): number => instances.filter((one) => one.standing === standing).length
  return {
    processes: counted,
    duplicates: count('duplicate'),
    orphans: count('orphan'),
    zombies,
    ...(cgroup.pids === undefined ? {} : { pids: cgroup.pids }),
    ...(cgroup.memoryWorkingSet === undefined ? {} : { memory: cgroup.memoryWorkingSet }),
    ...(cpu === undefined ? {} : { cpu }),
    startup: isYoung(container, census.at) ? counted : 0,
    // A container that does not run has no limits in the kernel that could be compared.
    ...(crashed ? {} : { limits: unheldLimits(policy.limits, heldLimits(cgroup)).length }),
    health: crashed || (container.state === 'running' && container.health === 'unhealthy') ? 1 : 0,
  }
}

/** The tier that one resource has reached; undefined when it was not measured. */
export function measuredTier(
  { thresholds }: Pick<Observation, 'thresholds'>,
  resource: Resource,
  measurement: Measurement,
): Tier | 'normal' | undefined {
  const value = measurement[resource]
  return value === undefined ? undefined : tierOf(value, thresholds[resource])
}

/** What a run or a step set out to bring down. */
export interface Aim {
  readonly resource: Resource
  readonly tier: Tier
  /** The threshold of that tier: below it the goal holds. */
  readonly threshold: number
}

/** What a goal means for a run that was called at a tier of a resource. A tier that does not exist is never reached. */
export function aimOf(
  goal: Goal,
  { resource, tier: calling }: Pick<Aim, 'resource' | 'tier'>,
  thresholds: Thresholds,
): Aim {
  const rules = thresholds[resource]
  const lowest = tiers.find((tier) => rules[tier] !== undefined)
  const tier = goal === 'below-warning' ? (lowest ?? calling) : calling
  return { resource, tier, threshold: rules[tier]?.at ?? Number.POSITIVE_INFINITY }
}

/** Whether the goal holds. What could not be measured does not. */
export function holds({ resource, threshold }: Aim, measurement: Measurement): boolean {
  const value = measurement[resource]
  return value !== undefined && value < threshold
}

/**
 * Judges what was reached by two measurements. A measurement that could not be taken proves nothing, nor does a number
 * that is below every threshold because there is none, unless it is down to nothing.
 */
export function judge(aim: Aim, before: Measurement | undefined, after: Measurement | undefined): Ending {
  if (before === undefined || after === undefined) {
    return { outcome: 'unknown', reason: 'census_unknown', detail: 'the container could not be measured' }
  }
  const [was, is] = [before[aim.resource], after[aim.resource]]
  if (was === undefined || is === undefined) {
    return { outcome: 'unknown', reason: 'census_unknown', detail: `${aim.resource} could not be measured` }
  }
  const bounded = Number.isFinite(aim.threshold)
  const begins = bounded
    ? `${aim.tier} begins at ${aim.threshold}`
    : `${aim.resource} has no tier ${aim.tier}`
  const detail = `${aim.resource} ${was} -> ${is}, ${begins}`
  if (bounded ? is < aim.threshold : is === 0) return { outcome: 'fixed', reason: 'cleared', detail }
  const outcome = is < was ? 'improved' : is === was ? 'ineffective' : 'regressed'
  return { outcome, reason: 'still_above', detail }
}
