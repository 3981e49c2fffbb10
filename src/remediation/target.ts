import type { Observation, Observer } from '../census/observe.ts'
import type { Clock } from '../host/clock.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import type { Journal } from '../journal/journal.ts'
import type { Run } from '../journal/records.ts'
import { RunStop, type Sighting } from './action.ts'
import { seeCrashed } from './crashed.ts'
import { admit, type Request, refuseAside } from './guard.ts'

/** The container of a run, in the one life that the run was admitted for. */
export interface Target {
  /** What was seen last, at first at admission. */
  seen(): Sighting
  /** The container from Docker, past the cache. Throws RunStop when it is gone, DockerError when Docker is. */
  refresh(): Promise<KnownContainer>
  /** Looks again. Throws RunStop when it is another container by now, was paused by others, or cannot be measured. */
  look(): Promise<Sighting>
  /** The run itself has restarted or recreated it: this life counts from now on, be it under another id. */
  adopt(container: KnownContainer): void
}

/** What a target is read through. */
export interface TargetPorts {
  readonly inventory: Inventory
  readonly observer: Observer
  readonly clock: Clock
  readonly journal: Pick<Journal, 'temporaries'>
}

/** Reads a container, lets the guard decide, and pins its life. Throws RunStop when the guard refuses. */
export async function admitTarget(
  { id: runId, containerId: admitted }: Pick<Run, 'id' | 'containerId'>,
  request: Request,
  { inventory, observer, clock, journal }: TargetPorts,
): Promise<Target> {
  let containerId = admitted
  const container = await refresh()
  const observation = observe(container)
  const refusal = admit(request, observation)
  if (refusal !== undefined) throw new RunStop(refusal)
  const { mode } = observation.policy
  let { startedAt } = container
  let last = sight(container, observation)

  async function refresh(): Promise<KnownContainer> {
    const found = await inventory.refresh(containerId)
    if (found !== undefined) return found
    throw new RunStop({ outcome: 'skipped', reason: 'container_gone', detail: 'the container was removed' })
  }

  function observe(found: KnownContainer): Observation {
    return seeCrashed(observer.observe(found), request.resource, clock.now())
  }

  /** What this run has frozen itself, it goes on with; it has written that down before. */
  function isPausedByOthers({ id, state }: KnownContainer): boolean {
    if (state !== 'paused') return false
    const pauses = journal
      .temporaries()
      .filter(({ kind, containerId }) => kind === 'pause' && containerId === id)
    return pauses.every((one) => one.runId !== runId)
  }

  function sight(found: KnownContainer, { census, ...seen }: Observation): Sighting {
    const aside = refuseAside(found)
    if (aside !== undefined) throw new RunStop(aside)
    // Recreated it would have another id; restarted it has another start time, and every pid means something else.
    if (found.startedAt !== startedAt) {
      throw new RunStop({
        outcome: 'skipped',
        reason: 'container_replaced',
        detail: 'the container was restarted',
      })
    }
    // Whoever pauses a container wants it as it is: signals would end what a person looks at, a restart undo the pause.
    if (isPausedByOthers(found)) {
      throw new RunStop({ outcome: 'skipped', reason: 'not_running', detail: 'somebody has paused it' })
    }
    if (census.kind !== 'value') {
      const detail = census.kind === 'gone' ? `the container is ${found.state}` : census.detail
      throw new RunStop({ outcome: 'unknown', reason: 'census_unknown', detail })
    }
    const { policy } = seen
    if (policy.mode !== mode) {
      throw new RunStop({
        outcome: 'cancelled',
        reason: 'not_enforced',
        detail: `the mode is now ${policy.mode}`,
      })
    }
    return { ...seen, container: found, census: census.value }
  }

  return {
    seen: () => last,
    refresh,
    async look() {
      const found = await refresh()
      last = sight(found, observe(found))
      return last
    },
    adopt: (found) => {
      containerId = found.id
      startedAt = found.startedAt
    },
  }
}
