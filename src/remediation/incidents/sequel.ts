import { type Resource, rank, type Tier, tiers } from '../../census/presets.ts'
import type { Ending, Outcome, Reason } from '../../journal/outcomes.ts'

/** What comes after a run. */
export type Sequel =
  | { readonly kind: 'nothing' }
  /** The next tier's playbook, although that tier is not reached. */
  | { readonly kind: 'rung'; readonly tier: Tier; readonly playbook: string }
  /** There is nothing left that pidwarden could do. */
  | { readonly kind: 'people'; readonly reason: string }

/** A run that is over. */
export interface Past {
  readonly playbook: string
  /** The tier of its rung. */
  readonly tier: Tier
  readonly resource: Resource
  readonly ending: Ending
  /** What the step that missed its goal says is to be done; undefined when none did. */
  readonly miss: 'next' | 'stop' | 'escalate' | undefined
  /** Playbooks that were tried before for the same alert, and that this run came from. */
  readonly tried: ReadonlySet<string>
  /** True when the number grows while there is nothing that may be ended. */
  readonly grows: boolean
  /** True when something was done to the world, or may have been. */
  readonly acted: boolean
  /** True when the container was stopped, or may have been. */
  readonly stopped: boolean
  /** True when it was, and does not run: no playbook of a higher tier would begin on it. */
  readonly down: boolean
}

/** The playbook of each tier of the resource, as the policy of the container has it, and whether it does anything. */
export type Ladder = Partial<Record<Tier, Rung>>

/** One of them. */
export interface Rung {
  readonly playbook: string
  readonly acts: boolean
  /** False where the kernel lets the resource never come to that tier: it has no alerts of its own. */
  readonly isReachable: boolean
}

const nothing: Sequel = { kind: 'nothing' }
const didNotHelp: ReadonlySet<Outcome> = new Set(['ineffective', 'regressed', 'failed'])

/** Nothing that pidwarden may do is left after these, whatever the tier. */
const exhausted: ReadonlySet<Reason> = new Set([
  'restart_budget',
  'unsafe_restart',
  'unsafe_recreate',
  'exploded_again',
  'capped_again',
  'crash_loop',
  'breaker_open',
  'dependents_broken',
])

/** After these nobody knows whether the container that was stopped is well again. */
const lost: ReadonlySet<Reason> = new Set([
  'census_unknown',
  'container_replaced',
  'container_gone',
  'not_running',
  'docker_unreachable',
])

/** Somebody has ended the run, and knows; what follows is theirs. */
const calledOff = ({ outcome, reason }: Ending): boolean =>
  outcome === 'superseded' || outcome === 'interrupted' || (outcome === 'cancelled' && reason !== 'deadline')

/**
 * What follows. A playbook that did not help is followed by that of the next tier; after the last one by people, and
 * also where the next one only looks. Where it helped, and not enough, the next repeat of the alert tries again, unless
 * not even a restart was enough. Where there was nothing to end, higher tiers have alerts of their own; only where there
 * is none are people asked, and only if the number grows. A container that was stopped and is not well is never left to
 * itself. Pure.
 */
export function sequel(past: Past, ladder: Ladder): Sequel {
  const { ending, playbook } = past
  const detail = ending.detail ?? ending.reason
  if (ending.outcome === 'fixed') return nothing
  if (exhausted.has(ending.reason)) return { kind: 'people', reason: detail }
  const stopped = past.stopped && !calledOff(ending)
  if (stopped && (past.down || ending.outcome === 'improved' || lost.has(ending.reason)))
    return { kind: 'people', reason: `${playbook} restarted it, and it is not well: ${detail}` }
  const next = nextRung(past, ladder)
  const people: Sequel = { kind: 'people', reason: `${playbook} did not help: ${detail}` }
  if (stopped && !(wasInVain(past) && next?.acts)) return people
  // Whatever could be ended is, and stays so: the rest is not for this playbook, and no proof that a harder one is due.
  if (ending.reason === 'no_candidates' && !stopped) {
    const reason = `${playbook} finds nothing more that it may end, and ${past.resource} grows`
    return past.miss === 'escalate' && past.grows && !next?.isReachable ? { kind: 'people', reason } : nothing
  }
  if (!wasInVain(past)) return nothing
  return next?.acts ? { kind: 'rung', tier: next.tier, playbook: next.playbook } : people
}

/** A run that did not come to its end in time did not help either, if it did anything. */
function wasInVain({ ending, miss, acted }: Past): boolean {
  if (ending.reason === 'deadline') return acted
  return miss === 'escalate' && didNotHelp.has(ending.outcome)
}

/** The lowest tier above whose playbook is another one than those that did not help. */
function nextRung(
  { tier, playbook, tried }: Past,
  ladder: Ladder,
): (Rung & { readonly tier: Tier }) | undefined {
  for (const above of tiers.filter((one) => rank(one) > rank(tier))) {
    const rung = ladder[above]
    if (rung !== undefined && rung.playbook !== playbook && !tried.has(rung.playbook))
      return { tier: above, ...rung }
  }
  return undefined
}
