import { resources, type Tier } from '../../census/presets.ts'
import type { Measurement, TemporaryKind } from '../../journal/records.ts'

/** A container at one moment, as recovery is judged by it. */
export interface Sample {
  /** Monotonic milliseconds. */
  readonly at: number
  /** Absent when it could not be measured. */
  readonly measurement?: Measurement
  /** Why the container is not well at this moment; undefined when it is. */
  readonly ill?: string
  /** The tier that it is at, where alerts wait before they fire: for a moment that is nothing. */
  readonly slight?: string
}

/** What a sample is told from. */
export interface Condition {
  readonly state: string
  readonly health: string
  /** The tier of each resource; a resource that is not measured has none. */
  readonly tiers: Partial<Record<(typeof resources)[number], Tier | 'normal'>>
  /** The resource that the incident began with. */
  readonly about: string
  /** A run is at work on it. */
  readonly busy: boolean
  /** Prometheus comes to look. */
  readonly watched: boolean
  /** What was done to it for a while, and is not taken back: it may be well because of that alone. */
  readonly forAWhile: readonly TemporaryKind[]
  /** Containers in its network namespace that are not well. */
  readonly dependents: readonly string[]
}

const stands: Record<TemporaryKind, string> = {
  clamp: 'its number of tasks is held for a while',
  cap: 'it is capped for a while',
  pause: 'it is paused for a while',
}

/** Why the container is not well; undefined when it is. Nothing that is not known counts as well. */
export function illness(condition: Condition): string | undefined {
  const { state, health, tiers, about, busy, watched, dependents, forAWhile } = condition
  if (state !== 'running') return `it is ${state}`
  if (health !== 'none' && health !== 'healthy') return `it is ${health}`
  const above = resources.find((one) => (tiers[one] ?? 'normal') !== 'normal' && !waits(one, tiers[one]))
  if (above !== undefined) return `${above} is at its ${tiers[above]} tier`
  if (!(about in tiers)) return `${about} is not measured`
  if (busy) return 'a run is at work on it'
  const [standing] = forAWhile
  if (standing !== undefined) return stands[standing]
  if (!watched) return 'Prometheus does not scrape'
  if (dependents.length > 0) return `${dependents.join(', ')} in its network is not well`
  return undefined
}

/** Whether alerts wait before they fire at a tier: a session that is replaced, a burst of work. */
const waits = (resource: (typeof resources)[number], tier: Tier | 'normal' | undefined): boolean =>
  tier === 'warning' || resource === 'cpu'

/** So long they wait at least, milliseconds. What is over before is nothing to anybody. */
const patience = 120_000

/** The tier that a container is at where alerts would wait; undefined when there is none. */
export function slightly({ tiers }: Pick<Condition, 'tiers'>): string | undefined {
  const at = resources.find((one) => (tiers[one] ?? 'normal') !== 'normal' && waits(one, tiers[one]))
  return at && `${at} is at its ${tiers[at]} tier`
}

/** How much more a stable number may be after the window than before it: a part, and something for small ones. */
const stable = {
  processes: { share: 0.25, some: 4 },
  memory: { share: 0.1, some: 16 * 1024 * 1024 },
} as const

/**
 * Why a container has not recovered yet; undefined when it has. It has when it was well in every sample of the last
 * `window` milliseconds, none of which is further from the next than `gap`, and neither its processes nor its memory
 * have grown in that time. `samples` are oldest first.
 */
export function unrecovered(samples: readonly Sample[], window: number, gap: number): string | undefined {
  const last = samples.at(-1)
  if (last === undefined) return 'not looked at yet'
  const begin = samples.findLastIndex(({ at }) => at <= last.at - window)
  const inside = samples.slice(Math.max(0, begin))
  const ill = inside.findLast((sample) => sample.ill !== undefined)
  if (ill?.ill !== undefined) return ill.ill
  const lasting = last.slight ?? lastingly(inside)
  if (lasting !== undefined) return lasting
  if (begin === -1) return `well since ${Math.round((last.at - (inside[0]?.at ?? last.at)) / 1000)} s`
  if (inside.some(({ at }, index) => index > 0 && at - (inside[index - 1]?.at ?? at) > gap))
    return 'it was not watched all the time'
  return growing(inside[0]?.measurement, last.measurement)
}

/** What it was at for so long that an alert has fired for it. */
function lastingly(samples: readonly Sample[]): string | undefined {
  let since: number | undefined
  for (const { at, slight } of samples) {
    since = slight === undefined ? undefined : (since ?? at)
    if (since !== undefined && at - since >= patience) return slight
  }
  return undefined
}

function growing(before: Measurement | undefined, after: Measurement | undefined): string | undefined {
  if (before === undefined || after === undefined) return 'it could not be measured'
  for (const resource of ['processes', 'memory'] as const) {
    const [was, is] = [before[resource], after[resource]]
    if (was === undefined || is === undefined) continue
    const { share, some } = stable[resource]
    if (is > was * (1 + share) + some) return `its ${resource} still grows: ${was} -> ${is}`
  }
  return undefined
}

/** Where a number goes. */
export type Trend = 'growing' | 'stable' | 'declining' | 'unknown'

/** How much is no trend. */
const noise = 0.05

/** Where the processes have gone within the last `window` milliseconds. */
export function trendOf(samples: readonly Sample[], window: number): Trend {
  const last = samples.at(-1)
  const first = samples.find(({ at }) => last !== undefined && at >= last.at - window)
  const [was, is] = [first?.measurement?.processes, last?.measurement?.processes]
  if (was === undefined || is === undefined || first === last) return 'unknown'
  if (is > was * (1 + noise)) return 'growing'
  return is < was * (1 - noise) ? 'declining' : 'stable'
}
