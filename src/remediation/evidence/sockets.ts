import type { StandingInstance } from '../../census/leaks.ts'
import type { Clock } from '../../host/clock.ts'
import type { Procfs } from '../../host/procfs.ts'

/** The sockets of one instance; unknown where they could not be read, or it would have taken too long. */
export type InstanceSockets = { readonly total: number; readonly listening: boolean } | 'unknown'

/** The first kill waits for this: so many instances are looked at, and no new one after so many milliseconds. */
const mostInstances = 10
const budget = 5

/** Sockets of the first of these instances, each by its root and its leaf, which hold what the instance talks through. */
export function socketsOf(
  instances: readonly StandingInstance[],
  procfs: Pick<Procfs, 'sockets'>,
  clock: Pick<Clock, 'monotonic'>,
): ReadonlyMap<StandingInstance, InstanceSockets> {
  const until = clock.monotonic() + budget
  const told = instances.slice(0, mostInstances).map((instance) => {
    if (clock.monotonic() > until) return [instance, 'unknown'] as const
    return [instance, ofOne(instance, procfs)] as const
  })
  return new Map(told)
}

function ofOne({ root, leaf }: StandingInstance, { sockets }: Pick<Procfs, 'sockets'>): InstanceSockets {
  let total = 0
  let listening = false
  for (const pid of new Set([root.pid, leaf.pid])) {
    const reading = sockets(pid)
    if (reading.kind === 'gone') continue
    if (reading.kind !== 'value') return 'unknown'
    total += reading.value.total
    listening ||= reading.value.listening
  }
  return { total, listening }
}
