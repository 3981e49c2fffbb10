import type { Observer } from '../census/observe.ts'
import { type Docker, DockerError } from '../host/docker.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import { type Limits, type Temporary, type TemporaryKind, undoing } from '../journal/records.ts'
import type { StepContext } from './action.ts'

/** What Docker takes for no limit: null would mean that nothing changes. */
export const noLimit = -1

/** The limit that a kind of temporary effect is about; a pause is about none. */
const limitOf = { clamp: 'pids', cap: 'cpu' } as const

/** What temporary effects are taken back with. */
export interface TemporaryPorts {
  readonly journal: Journal
  readonly docker: Docker
  readonly inventory: Inventory
  readonly observer: Observer
}

/**
 * What became of it. done: it is as it was before; gone: the container was removed; changed: somebody has changed it
 * since, which stays; or why not, and it is to be tried again.
 */
export type Lifted = 'done' | 'gone' | 'changed' | { readonly failed: string }

/** What is done for a while. `until`, milliseconds since the epoch: it outlives the run, until then at the latest. */
export interface ForAWhile {
  readonly kind: keyof typeof limitOf
  readonly limit: number
  readonly until?: number
}

/** Sets a limit for a while; whoever ends the run takes it back. Throws DockerError, NotBegunError. */
export async function limitForAWhile(
  { id, limits }: Pick<KnownContainer, 'id' | 'limits'>,
  { kind, limit, until }: ForAWhile,
  { stepId, effects, temporaries }: Pick<StepContext, 'stepId' | 'effects' | 'temporaries'>,
): Promise<void> {
  const what = limitOf[kind]
  // What an earlier run has set and nobody has taken back yet is not the container's own.
  const earlier = temporaries().find(
    (one) => one.kind === kind && one.containerId === id && one.limits[what] === limits[what],
  )
  const before = earlier?.limitsBefore[what] ?? limits[what] ?? noLimit
  const change = { [what]: limit }
  const effect = {
    kind,
    containerId: id,
    limits: change,
    limitsBefore: { [what]: before },
    ...(until === undefined ? {} : { until }),
  }
  await effects.carryOut(stepId, effect, (docker) => docker.update(id, change))
}

/**
 * Takes a temporary effect back: in Docker, and then looks whether the kernel has it as it was before. Never throws but
 * SQLite's error.
 */
export async function lift(temporary: Temporary, ports: TemporaryPorts): Promise<Lifted> {
  const { journal } = ports
  const { stepId, kind, containerId, limitsBefore: limits } = temporary
  const lifted = await restore(temporary, ports)
  // Written afterwards: what must go does not wait for a disk that has no room, and twice does no harm.
  const result = typeof lifted === 'string' ? lifted : `failed: ${lifted.failed}`
  const [effect] = journal.intend(stepId, [{ kind: undoing[kind], containerId, limits }])
  if (effect !== undefined) journal.complete([{ id: effect, result }])
  return lifted
}

async function restore(temporary: Temporary, ports: TemporaryPorts): Promise<Lifted> {
  try {
    const container = await ports.inventory.refresh(temporary.containerId)
    if (container === undefined) return 'gone'
    if (temporary.kind === 'pause') {
      if (container.state === 'paused') await ports.docker.unpause(container.id)
      return 'done'
    }
    return await restoreLimit(temporary.kind, temporary, container, ports)
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return 'gone'
    return { failed: errorMessage(error) }
  }
}

async function restoreLimit(
  kind: Exclude<TemporaryKind, 'pause'>,
  { limits, limitsBefore }: { readonly limits: Limits; readonly limitsBefore: Limits },
  container: KnownContainer,
  { docker, inventory, observer }: TemporaryPorts,
): Promise<Lifted> {
  const what = limitOf[kind]
  const [limit, before] = [limits[what] ?? noLimit, limitsBefore[what] ?? noLimit]
  const configured = container.limits[what] ?? noLimit
  if (configured !== limit && configured !== before) return 'changed'
  await docker.update(container.id, { [what]: before })
  const updated = await inventory.refresh(container.id)
  if (updated === undefined) return 'gone'
  const cgroup = valueIn(observer.observe(updated).census)?.cgroup
  const held = (kind === 'clamp' ? cgroup?.pidsLimit : cgroup?.cpuLimit) ?? noLimit
  // Below it the container is still throttled; more than there was is no harm of ours.
  if (cgroup !== undefined && held === limit && limit !== before)
    return { failed: `the kernel still holds a limit of ${held} for ${what}` }
  return 'done'
}
