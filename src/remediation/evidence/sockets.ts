import type { StandingInstance } from '../../census/leaks.ts'
import type { Clock } from '../../host/clock.ts'
import type { Procfs, Sockets } from '../../host/procfs.ts'

/** The sockets of one instance; unknown where they could not be read, or it would have taken too long. */
export type InstanceSockets = Sockets | 'unknown'

/** The first kill waits for this: so many instances are looked at, and no new one after so many milliseconds. */
const mostInstances = 10
const budget = 5

/** What sockets are told through. */
export interface SocketPorts {
  readonly procfs: Pick<Procfs, 'sockets'>
  readonly clock: Pick<Clock, 'monotonic'>
  /**
   * A kill waits for what is read: then it is not asked who listens, because for that the kernel needs 7 ms (measured),
   * as long as for all the rest.
   */
  readonly acting: boolean
}

/** Sockets of the first of these instances, each by its root and its leaf, which hold what the instance talks through. */
export function socketsOf(
  instances: readonly StandingInstance[],
  { procfs, clock, acting }: SocketPorts,
): ReadonlyMap<StandingInstance, InstanceSockets> {
  const until = clock.monotonic() + budget
  const told = instances.slice(0, mostInstances).map((instance) => {
    if (clock.monotonic() > until) return [instance, 'unknown'] as const
    return [instance, ofOne(instance, procfs, acting)] as const
  })
  return new Map(told)
}

function ofOne(
  { root, leaf }: StandingInstance,
  { sockets }: Pick<Procfs, 'sockets'>,
  acting: boolean,
): InstanceSockets {
  const readings = [...new Set([root.pid, leaf.pid])]
    .map((pid) => (acting ? sockets(pid) : sockets(pid, 'listening')))
    .filter(({ kind }) => kind !== 'gone')
  const found = readings.flatMap((reading) => (reading.kind === 'value' ? [reading.value] : []))
  if (found.length < readings.length) return 'unknown'
  const total = found.reduce((sum, one) => sum + one.total, 0)
  return acting ? { total } : { total, listening: found.some(({ listening }) => listening) }
}
