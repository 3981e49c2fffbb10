import { isSame } from '../census/limits.ts'
import type { Resource } from '../census/presets.ts'
import type { Journal } from '../journal/journal.ts'
import type { Ending, Reason } from '../journal/outcomes.ts'
import type { Sighting } from './action.ts'

/** So often within a day a container is capped before people are asked what it is that needs so much. */
const often = 3

/** Milliseconds. */
const day = 86_400_000

const capped: ReadonlySet<Reason> = new Set(['capped', 'capped_again'])

/** What a run that reached its goal is judged by. */
export interface CapFacts {
  readonly resource: Resource
  /** The container as the run has seen it last. */
  readonly sighting: Pick<Sighting, 'container' | 'census'>
  readonly journal: Pick<Journal, 'temporaries' | 'deeds' | 'releasedAt'>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * A CPU goal that holds under a cap has mended nothing: whatever was busy is busy still, only slower. Such a run has
 * improved it, and when the cap is needed again and again, people have to find out why. Throws SQLite's error.
 */
export function judgeCapped(ending: Ending, facts: CapFacts): Ending {
  const { resource, sighting, journal } = facts
  if (ending.outcome !== 'fixed' || resource !== 'cpu') return ending
  const { container, census } = sighting
  const cap = journal
    .temporaries()
    .find(
      ({ kind, containerId, limits }) =>
        kind === 'cap' && containerId === container.id && isSame('cpu', limits.cpu, census.cgroup.cpuLimit),
    )
  if (cap === undefined) return ending
  const times = 1 + cappedBefore(container.name, facts)
  const detail = `${ending.detail}, but it holds only under a cap of ${cap.limits.cpu} cores`
  if (times < often) return { outcome: 'improved', reason: 'capped', detail }
  const more = `it was capped ${times} times within a day, and what needs so much has to be found`
  return { outcome: 'improved', reason: 'capped_again', detail: `${detail}; ${more}` }
}

/** Of the last day, and since a person has released it; what lies in the future, as the clock was put back, is now. */
function cappedBefore(name: string, { journal, now }: CapFacts): number {
  const releasedAt = journal.releasedAt(name) ?? 0
  const since = Math.max(releasedAt <= now ? releasedAt : 0, now - day)
  return journal
    .deeds(since)
    .filter((deed) => deed.name === name && deed.reason && capped.has(deed.reason) && deed.at > since).length
}
