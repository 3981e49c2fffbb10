import { errorMessage, valueIn } from '../host/reading.ts'
import type { Temporary } from '../journal/records.ts'
import { ease } from './ease.ts'
import { noLimit, type TemporaryPorts } from './temporary.ts'

/** Since when containers that are held leave their limits alone, by the step that has set them; see easeOff(). */
export type Calm = Map<number, Quiet>

interface Quiet {
  /** Monotonic, milliseconds. */
  readonly since: number
  /** How often the kernel had refused a fork by then. */
  readonly hits: number
  /** How many limits were set by then. */
  readonly steps: number
}

/**
 * Makes more room for a container that was clamped beyond the end of the run, where it is time for that. `steps`: the
 * limits that were set, oldest first. Returns the limit that is in force now, or what is to be done. What cannot be
 * measured is no reason to let go. Throws SQLite's error.
 */
export async function easeOff(
  steps: readonly Temporary[],
  ports: TemporaryPorts & { readonly calm: Calm },
): Promise<number | 'keep' | 'lift'> {
  const { inventory, observer } = ports
  const [first] = steps
  if (first === undefined) return 'keep'
  const container = await inventory.refresh(first.containerId).catch(() => 'unknown' as const)
  if (container === 'unknown') return 'keep'
  if (container === undefined) return 'lift'
  const { pids, pidsLimit, pidsLimitHits: hits } = valueIn(observer.observe(container).census)?.cgroup ?? {}
  const { pids: configured = noLimit } = container.limits
  const inForce = steps.some(({ limits }) => limits.pids === configured) && pidsLimit === configured
  // Another run, or a person, has set another one since; and what nobody has counted may still go on.
  if (!inForce || hits === undefined) return 'keep'
  const { pids: before = noLimit } = first.limitsBefore
  const quiet = quietFor(first.stepId, { hits, steps: steps.length }, ports)
  const next = ease({ limit: configured, before, steps: steps.length - 1, pids, quiet })
  return typeof next === 'number' ? await widen(first, next, ports) : next
}

/** For how long neither the container has hit its limit nor anybody eased it, milliseconds. */
function quietFor(
  stepId: number,
  now: Omit<Quiet, 'since'>,
  { calm, clock }: Pick<TemporaryPorts, 'clock'> & { readonly calm: Calm },
): number {
  const at = clock.monotonic()
  const seen = calm.get(stepId)
  if (seen !== undefined && seen.hits === now.hits && seen.steps === now.steps) return at - seen.since
  calm.set(stepId, { ...now, since: at })
  return 0
}

/** Sets the next limit, and makes sure that the kernel holds it. */
async function widen(
  { stepId, containerId, limitsBefore, until }: Temporary,
  pids: number,
  { journal, docker, inventory, observer }: TemporaryPorts,
): Promise<number | 'keep'> {
  const limits = { pids }
  const effect = { kind: 'clamp', containerId, limits, limitsBefore } as const
  const [id] = journal.intend(stepId, [{ ...effect, ...(until === undefined ? {} : { until }) }])
  let result = 'failed: not answered'
  try {
    await docker.update(containerId, limits)
    const container = await inventory.refresh(containerId)
    const held = container && valueIn(observer.observe(container).census)?.cgroup.pidsLimit
    result = held === pids ? 'done' : `failed: the kernel holds ${held ?? 'none'}`
  } catch (error) {
    result = `failed: ${errorMessage(error)}`
  } finally {
    if (id !== undefined) journal.complete([{ id, result }])
  }
  return result === 'done' ? pids : 'keep'
}
