import {
  type Resource,
  resources,
  type Tier,
  type TierRule,
  type TierTable,
  tiers,
  type WantedLimits,
} from './presets.ts'
import { bytes, type Quantity, share } from './quantity.ts'

/** Where a tier begins, in absolute base units: counts, bytes, cores. */
export interface Threshold {
  readonly at: number
  readonly playbook: string
}

/** Absolute thresholds of one container. */
export type Thresholds = Readonly<Record<Resource, Readonly<Partial<Record<Tier, Threshold>>>>>

/** What percentages are taken of. */
export interface LimitFacts {
  /** Limits in force in the kernel; absent = none. */
  readonly pids?: number
  readonly memory?: number
  readonly cpu?: number
  /** Cores of the host. */
  readonly hostCores: number
}

/**
 * Turns a table into absolute numbers. A percentage is one of the limit in force in the kernel, else of the limit
 * that the policy wants, so that a container without any limit still has tiers; CPU at last of the whole host. A
 * percentage of nothing is no threshold. Of tasks and memory, a limit that is only wanted makes the warning tier and
 * none above it: nothing can hit such a limit, and a container that has more threads than somebody would like is no
 * reason to clamp or restart it.
 */
export function resolveThresholds(table: TierTable, wanted: WantedLimits, facts: LimitFacts): Thresholds {
  const whole: Partial<Record<Resource, number | undefined>> = {
    processes: facts.pids ?? wanted.pids,
    startup: facts.pids ?? wanted.pids,
    pids: facts.pids ?? wanted.pids,
    memory: facts.memory ?? (wanted.memory === undefined ? undefined : bytes(wanted.memory)),
    cpu: facts.cpu ?? facts.hostCores,
  }
  const resolveAll = (resource: Resource): Partial<Record<Tier, Threshold>> => {
    let below = 0
    const resolved: Partial<Record<Tier, Threshold>> = {}
    for (const tier of tiers) {
      const rule: TierRule | undefined = table[resource][tier]
      const mustHold = tier !== 'warning' && (resource === 'pids' || resource === 'memory')
      const of = mustHold ? facts[resource] : whole[resource]
      const at = rule && absolute(rule.at, of, resource)
      if (rule === undefined || at === undefined) continue
      // A percentage and a number may cross: 8 GB is nuclear, and below 75 % of 16 GB. A tier never begins below a
      // milder one, or the first that is reached would be the restart.
      below = Math.max(below, at)
      resolved[tier] = { at: below, playbook: rule.playbook }
    }
    return resolved
  }
  const entries = resources.map((resource) => [resource, resolveAll(resource)] as const)
  return Object.fromEntries(entries) as Record<Resource, Partial<Record<Tier, Threshold>>>
}

/** Everything but cores is counted in whole units; at or above 18.75 means from 19 on. */
function absolute(quantity: Quantity, whole: number | undefined, resource: Resource): number | undefined {
  const part = share(quantity)
  if (part !== undefined && whole === undefined) return undefined
  const value = part === undefined ? bytes(quantity) : part * (whole ?? 0)
  // The little that is taken off undoes what binary fractions add: 7 % of 100 is 7.000000000000001.
  return resource === 'cpu' ? value : Math.ceil(value - 1e-6)
}

/** The highest tier that `value` reaches. */
export function tierOf(
  value: number,
  thresholds: Readonly<Partial<Record<Tier, Threshold>>>,
): Tier | 'normal' {
  const reached = tiers.filter((tier) => value >= (thresholds[tier]?.at ?? Number.POSITIVE_INFINITY))
  return reached.at(-1) ?? 'normal'
}
