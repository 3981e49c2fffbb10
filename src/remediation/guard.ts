import { stackLabel } from '../census/labels.ts'
import type { Observation } from '../census/observe.ts'
import { type Resource, rank, type Tier, tiers } from '../census/presets.ts'
import { nameBefore } from '../host/aside.ts'
import type { KnownContainer } from '../host/inventory.ts'
import type { Ending } from '../journal/outcomes.ts'
import { isCrashRun } from './crashed.ts'
import { measure, measuredTier } from './verify.ts'

/** What a run asks for. */
export interface Request {
  readonly playbook: string
  readonly tier: Tier
  /** Of an escalation: the tier that must be reached; the playbook is that of a higher one. */
  readonly aim?: Tier
  readonly resource: Resource
  /** True when a step of the playbook changes anything, and this is no dry run. */
  readonly acts: boolean
  /** A person asks for it, and knows why: no tier has to be reached. */
  readonly ordered?: boolean
}

/**
 * Whether a run may begin on the container as it is measured now. Undefined = it may; otherwise why not. Pure, and
 * closed: what is not known for certain is a reason to stay away.
 */
export function admit(
  { playbook, tier, aim, resource, acts, ordered = false }: Request,
  observation: Observation,
): Ending | undefined {
  const { container, policy, thresholds, census } = observation
  if (container.labels[stackLabel] !== undefined)
    return refuse('own_stack', 'the container is part of pidwarden')
  const aside = refuseAside(container)
  if (aside !== undefined) return aside
  if (container.state !== 'running' && !isCrashRun(observation, resource))
    return refuse('not_running', `the container is ${container.state}`)
  if (census.kind !== 'value') {
    return {
      outcome: 'unknown',
      reason: 'census_unknown',
      detail: census.kind === 'gone' ? 'gone' : census.detail,
    }
  }
  if (census.value.self) return refuse('own_stack', 'pidwarden runs in this container')
  if (acts && policy.mode === 'observe') {
    const why = policy.errors.length > 0 ? ` (${policy.errors.join('; ')})` : ''
    return refuse('not_enforced', `the container did not opt in with pidwarden.mode=enforce${why}`)
  }
  if (ordered) return undefined
  const measurement = measure({ container, policy, census: census.value })
  const now = measuredTier(observation, resource, measurement)
  if (now === undefined) {
    return { outcome: 'unknown', reason: 'census_unknown', detail: `${resource} could not be measured` }
  }
  // A playbook is due only at a tier that the policy gives it and that is reached now. An alert can be minutes old,
  // and whoever reaches Alertmanager could otherwise order a restart by a label.
  const calls = (one: Tier): boolean => thresholds[resource][one]?.playbook === playbook
  const due = aim === undefined ? tiers.some((one) => rank(one) <= rank(now) && calls(one)) : calls(tier)
  const wanted = aim ?? tier
  if (!due || rank(now) < rank(wanted)) {
    return refuse(
      'tier_not_reached',
      `${resource} is ${measurement[resource]}, tier ${now}; ${playbook} was asked for at ${wanted}`,
    )
  }
  return undefined
}

/** Undefined unless the container has made room for its successor: it is left to the recreation, or to people. */
export function refuseAside(container: KnownContainer): Ending | undefined {
  const name = nameBefore(container)
  if (name === undefined) return undefined
  const detail = `it was renamed because ${name} is being made anew, or it was left over from that`
  return refuse('being_recreated', detail)
}

function refuse(reason: Ending['reason'], detail: string): Ending {
  return { outcome: 'skipped', reason, detail }
}
