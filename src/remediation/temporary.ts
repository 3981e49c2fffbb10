import type { Limits as HeldLimits, Limited } from '../census/limits.ts'
import type { Observer } from '../census/observe.ts'
import type { Clock } from '../host/clock.ts'
import { type Docker, DockerError } from '../host/docker.ts'
import type { Inventory, KnownContainer } from '../host/inventory.ts'
import { errorMessage, valueIn } from '../host/reading.ts'
import type { Journal } from '../journal/journal.ts'
import { type Limits, type Temporary, undoing } from '../journal/records.ts'
import type { StepContext } from './action.ts'

/** What Docker takes for no limit: null would mean that nothing changes. */
export const noLimit = -1

/** The limit that a kind of temporary effect is about; a pause is about none. */
const limitOf = { clamp: 'pids', cap: 'cpu' } as const
/** A kind of effect that sets a limit for a while. */
type LimitingKind = keyof typeof limitOf

/** What differs by less is the same limit: CPU quotas are whole microseconds. */
const tolerance = 0.005

/** For so long a call that Docker has not answered may come to something yet, milliseconds. */
const lateAnswer = 300_000

/** What temporary effects are taken back with. */
export interface TemporaryPorts {
  readonly journal: Journal
  readonly docker: Docker
  readonly inventory: Inventory
  readonly observer: Observer
  readonly clock: Clock
}

/**
 * What became of it. done: it is as it was before; gone: the container was removed; changed: somebody has changed it
 * since, which stays; or why not, and it is to be tried again.
 */
export type Lifted = 'done' | 'gone' | 'changed' | { readonly failed: string }

/** What is done for a while. `until`, milliseconds since the epoch: it outlives the run, until then at the latest. */
export interface ForAWhile {
  readonly kind: LimitingKind
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
  const now = limits[what] ?? noLimit
  // What an earlier run has set and nobody has taken back yet is not the container's own.
  const earlier = temporaries().find(
    (one) => one.kind === kind && one.containerId === id && isSame(one.limits[what], now),
  )
  const change = { [what]: limit }
  const effect = {
    kind,
    containerId: id,
    limits: change,
    limitsBefore: { [what]: earlier?.limitsBefore[what] ?? now },
    ...(until === undefined ? {} : { until }),
  }
  await effects.carryOut(stepId, effect, (docker) => docker.update(id, change))
}

/** Whether its time is over. What was done in the future, because the clock was put back, nobody waits for. */
export function isDue({ at, until }: Pick<Temporary, 'at' | 'until'>, now: number): boolean {
  return until === undefined || now >= until || now < at
}

/**
 * Takes a temporary effect back: in Docker, and then looks whether the kernel has it as it was before. What another run
 * holds beyond its end is before. Never throws but SQLite's error.
 */
export async function lift(temporary: Temporary, ports: TemporaryPorts): Promise<Lifted> {
  const { journal } = ports
  const { stepId, kind, containerId } = temporary
  const alike = journal.temporaries().filter((one) => one.kind === kind && one.containerId === containerId)
  const held = alike.findLast((one) => one.stepId !== stepId && !isDue(one, ports.clock.now()))
  const limits = held?.limits ?? temporary.limitsBefore
  const ours = [temporary, ...alike].map((one) => one.limits)
  const lifted = await restore(temporary, limits, ours, ports)
  // Written afterwards: what must go does not wait for a disk that has no room, and twice does no harm.
  const result = typeof lifted === 'string' ? lifted : `failed: ${lifted.failed}`
  const [effect] = journal.intend(stepId, [{ kind: undoing[kind], containerId, limits }])
  if (effect !== undefined) journal.complete([{ id: effect, result }])
  return lifted
}

async function restore(
  temporary: Temporary,
  limits: Limits,
  ours: readonly Limits[],
  ports: TemporaryPorts,
): Promise<Lifted> {
  try {
    const container = await ports.inventory.refresh(temporary.containerId)
    if (container === undefined) return 'gone'
    return temporary.kind === 'pause'
      ? await letGoOn(temporary, container, ports)
      : await restoreLimit(temporary.kind, limits, ours, container, ports)
  } catch (error) {
    if (error instanceof DockerError && error.code === 'not_found') return 'gone'
    return { failed: errorMessage(error) }
  }
}

async function letGoOn(
  { life, result, at }: Temporary,
  { id, state, startedAt }: KnownContainer,
  { docker, clock }: TemporaryPorts,
): Promise<Lifted> {
  // No pause outlives a life: this one is somebody else's.
  if (life !== undefined && life !== startedAt) return 'changed'
  if (state === 'paused') await docker.unpause(id)
  else if (result !== 'done' && Math.abs(clock.now() - at) < lateAnswer)
    return { failed: 'it runs, but Docker has not said what became of the pause, and it may come yet' }
  return 'done'
}

async function restoreLimit(
  kind: LimitingKind,
  limits: Limits,
  ours: readonly Limits[],
  container: KnownContainer,
  { docker, inventory, observer }: TemporaryPorts,
): Promise<Lifted> {
  const what = limitOf[kind]
  const before = limits[what] ?? noLimit
  const isOurs = (limit: number): boolean => ours.some((one) => isSame(one[what], limit))
  const configured = container.limits[what] ?? noLimit
  if (!isOurs(configured) && !isSame(configured, before)) return 'changed'
  await docker.update(container.id, { [what]: before })
  const updated = await inventory.refresh(container.id)
  if (updated === undefined) return 'gone'
  const cgroup = valueIn(observer.observe(updated).census)?.cgroup
  const held = (kind === 'clamp' ? cgroup?.pidsLimit : cgroup?.cpuLimit) ?? noLimit
  // One of ours throttles the container still; any other limit is no harm of ours.
  if (cgroup !== undefined && isOurs(held) && !isSame(held, before))
    return { failed: `the kernel still holds a limit of ${held} for ${what}` }
  return 'done'
}

function isSame(one: number | undefined, other: number): boolean {
  return one !== undefined && Math.abs(one - other) < tolerance
}

/**
 * Tells the limits of a container's own from those that were set for a while, of all that are in force. It is asked at
 * every look at every container, and reads the journal again only after something was done.
 */
export function ownLimitsOf(
  journal: Pick<Journal, 'temporaries' | 'changes'>,
): (containerId: string, held: HeldLimits) => HeldLimits {
  let known: ReadonlyMap<string, readonly Temporary[]> = new Map()
  let isStale = true
  journal.changes.follow(({ kind }) => {
    if (kind === 'effect') isStale = true
  })
  return (containerId, held) => {
    try {
      if (isStale) known = Map.groupBy(journal.temporaries(), (one) => one.containerId)
      isStale = false
    } catch {
      // What was known is the best that there is: who counts does not wait for a disk.
    }
    const own: Partial<Record<Limited, number>> = { ...held }
    for (const { kind, limits, limitsBefore } of known.get(containerId) ?? []) {
      if (kind === 'pause') continue
      const what = limitOf[kind]
      if (!isSame(limits[what], held[what] ?? noLimit)) continue
      const { [what]: before = noLimit } = limitsBefore
      if (before > 0) own[what] = before
      else delete own[what]
    }
    return own
  }
}
