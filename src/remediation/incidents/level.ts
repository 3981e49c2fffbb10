import { rank, type Tier, tiers } from '../../census/presets.ts'
import { bytes } from '../../census/quantity.ts'
import type { Reason } from '../../journal/outcomes.ts'
import type { Deeds, Level, Measurement } from '../../journal/records.ts'
import type { RemediationSettings } from '../settings.ts'

/** What decides how many people ought to know. */
export interface Gravity {
  /** The highest tier so far. */
  readonly tier: string
  readonly measurement: Partial<Measurement>
  readonly deeds: Pick<Deeds, 'restarts' | 'unhelpful'>
  /** Why the last run ended, if one has. */
  readonly reason?: Reason
}

/** From where on operations ought to know. */
export interface LevelSettings {
  readonly processes: number
  /** Bytes. */
  readonly memory: number
}

/** Of a run or a look that has changed nothing. */
export const nothingDone: Gravity['deeds'] = { restarts: 0, unhelpful: 0 }

/** From where on operations ought to know, in base units. */
export function levelSettings({ people }: RemediationSettings): LevelSettings {
  return { processes: people.processes, memory: bytes(people.memory) }
}

/** What keeps pidwarden from doing anything, so that it is up to people. */
const heldBack: ReadonlySet<Reason> = new Set([
  'dry_run',
  'not_enforced',
  'acting_stopped',
  'maintenance',
  'budget',
  'restart_budget',
  'breaker_open',
])

/** So many restarts within one incident are several. */
const several = 2

/**
 * Which people an incident is for. 1: only the log. 2: operations, as it is large, or grave and nothing may be done.
 * 3: engineering, as what was done did not help, or it was restarted several times. 4: everybody, as many containers
 * want action at once. 5, a person must act, is not told by numbers: whoever gives up says so.
 */
export function levelOf({ tier, measurement, deeds, reason }: Gravity, settings: LevelSettings): Level {
  if (reason === 'storm') return 4
  if (deeds.unhelpful > 0 || deeds.restarts >= several) return 3
  const { processes = 0, memory = 0 } = measurement
  const atLeast = (least: Tier): boolean =>
    tiers.some((one: Tier) => one === tier && rank(one) >= rank(least))
  const high = atLeast('emergency') || (reason !== undefined && heldBack.has(reason) && atLeast('critical'))
  return high || processes >= settings.processes || memory >= settings.memory ? 2 : 1
}
