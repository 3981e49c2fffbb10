import type { Observer } from '../census/observe.ts'
import { type Docker, DockerError } from '../host/docker.ts'
import type { Inventory } from '../host/inventory.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { Clamp } from '../journal/records.ts'

/** What Docker takes for no PID limit: null would mean that nothing changes. */
export const noLimit = -1

/** What clamps are taken back with. */
export interface ClampPorts {
  readonly journal: Journal
  readonly docker: Docker
  readonly inventory: Inventory
  readonly observer: Observer
}

/**
 * What became of it. done: the limit is what it was before; gone: the container was removed; changed: somebody has set
 * another limit since, which stays; or why not, and it is to be tried again.
 */
export type Lifted = 'done' | 'gone' | 'changed' | { readonly failed: string }

/**
 * Takes a clamp back: in Docker, and then looks whether the kernel holds what it held before. Never throws but SQLite's
 * error.
 */
export async function lift(clamp: Clamp, ports: ClampPorts): Promise<Lifted> {
  const { journal } = ports
  const { stepId, before } = clamp
  const lifted = await restore(clamp, ports)
  // Written afterwards: a limit that must go does not wait for a disk that has no room, and twice does no harm.
  const result = typeof lifted === 'string' ? lifted : `failed: ${lifted.failed}`
  const [effect] = journal.intend(stepId, [{ kind: 'unclamp', pidsLimit: before }])
  if (effect !== undefined) journal.complete([{ id: effect, result }])
  return lifted
}

async function restore(
  { containerId, limit, before }: Clamp,
  { docker, inventory, observer }: ClampPorts,
): Promise<Lifted> {
  try {
    const found = await inventory.refresh(containerId)
    if (found === undefined) return 'gone'
    const configured = found.limits.pids ?? noLimit
    if (configured !== limit && configured !== before) return 'changed'
    await docker.setPidsLimit(containerId, before)
    const container = await inventory.refresh(containerId)
    if (container === undefined) return 'gone'
    const census = valueIn(observer.observe(container).census)
    const held = census?.cgroup.pidsLimit ?? noLimit
    // Below it the container is still throttled; more than there was is no harm of ours.
    if (census !== undefined && held === limit && limit !== before)
      return { failed: `the kernel still holds a PID limit of ${held}` }
    return 'done'
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return 'gone'
    return { failed: errorMessage(error) }
  }
}
