import type { Outcome, Reason } from '../journal/outcomes.ts'
import type { Run } from '../journal/records.ts'

/** What is known beside the last run of an episode. Times in milliseconds since the epoch. */
export interface Aftermath {
  readonly now: number
  /** When a person released the container last. */
  readonly releasedAt: number | undefined
  /** Whether the run has asked for a stop of its container, be it done or not. */
  readonly hasStopped: boolean
  /** How long a container is left alone that nothing helps, milliseconds. */
  readonly open: number
}

const retriedOutcomes = new Set<Outcome>(['improved', 'interrupted', 'unknown', 'superseded'])
const retriedReasons = new Set<Reason>([
  'shutdown',
  'tier_not_reached',
  'not_running',
  'container_replaced',
  'being_recreated',
  'no_candidates',
  'acting_stopped',
  'maintenance',
  'storm',
  'breaker_open',
  'manual_intervention',
  'cooldown',
  'budget',
])

/** An alert that still stands so long after its cause was gone has another one, milliseconds: Prometheus has looked since. */
const lingering = 60_000

/**
 * Whether a repeat of an alert whose last run is over starts another run. Usually not: that run has judged the episode.
 * Unless it never got to a judgement: because pidwarden or Docker went away under it, because it gave way to a run of a
 * higher tier, or because there was nothing to do at that moment while the alert goes on. Or it helped, and not enough;
 * or the alert outlives what was fixed. One firing stops a container once, as the stop may have come to its end,
 * whatever became of the run. When a person has released the container since, or it was left alone for as long as the
 * breaker stays open, all of that is history. Whatever starts here measures first, and is held back by the guard. Pure.
 */
export function mayRepeat({ ending, endedAt }: Run, aftermath: Aftermath): boolean {
  const { now, releasedAt, hasStopped, open } = aftermath
  if (ending === undefined || endedAt === undefined) return false
  const passed = now < endedAt ? 0 : now - endedAt
  // A release from before the clock was put back says nothing of what was done since.
  if (releasedAt !== undefined && releasedAt > endedAt && releasedAt <= now) return true
  if (passed >= open) return true
  if (hasStopped) return false
  if (ending.outcome === 'fixed') return passed >= lingering
  return retriedOutcomes.has(ending.outcome) || retriedReasons.has(ending.reason)
}
