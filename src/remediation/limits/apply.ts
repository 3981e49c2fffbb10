import { adjustable, type Limits } from '../../census/limits.ts'
import { DockerError } from '../../host/docker.ts'
import { errorMessage } from '../../host/reading.ts'
import { undoing } from '../../journal/records.ts'
import type { Sighting, StepContext } from '../action.ts'
import { noLimit } from '../temporary.ts'
import { type Amiss, amissAfter, type Change, changesOf, type Moment, repairOf } from './changes.ts'
import type { Judged } from './judged.ts'
import { forGood, type Standing } from './own.ts'

/** What came of changing limits. */
export interface Applied {
  /** What Docker has taken. */
  readonly set: Limits
  /** What Docker has refused, with what it said. */
  readonly failed: readonly { readonly change: Change; readonly why: string }[]
  /** What the kernel does not hold in the end, though it was set, or held it before. */
  readonly amiss: readonly Amiss[]
  /** What another change had reset, and was put back as it was. */
  readonly repaired: readonly Amiss[]
  /** Processes that were killed for memory meanwhile. */
  readonly killed: number
}

/** What changes limits. */
type Means = Pick<StepContext, 'stepId' | 'effects' | 'look'>

/**
 * Changes limits for good, and looks whether the kernel holds them and has kept all others. Throws NotBegunError, RunStop
 * when the container cannot be measured any more, DockerError when Docker is away.
 */
export async function applyLimits(
  judged: readonly Judged[],
  sighting: Sighting,
  standing: Standing,
  means: Means,
): Promise<Applied> {
  const before = momentOf(sighting)
  const { oomKills = 0 } = sighting
  const set: Record<string, number> = {}
  const failed: { change: Change; why: string }[] = []
  for (const change of changesOf(judged, standing)) {
    const why = await tryUpdate(change, sighting, standing, means)
    if (why !== undefined) {
      failed.push({ change, why })
      continue
    }
    Object.assign(set, change)
    await replaceTemporaries(change, sighting, standing, means)
  }
  let seen = await means.look()
  const first = amissAfter(set, before, momentOf(seen))
  for (const one of first) {
    const repair = repairOf(one, set.memory ?? before.cgroup.memoryLimit)
    if (repair !== undefined) await tryUpdate(repair, seen, standing, means)
  }
  if (first.length > 0) seen = await means.look()
  const amiss = first.length > 0 ? amissAfter(set, before, momentOf(seen)) : first
  const repaired = first.filter(({ limit }) => !amiss.some((one) => one.limit === limit))
  return { set, failed, amiss, repaired, killed: Math.max(0, (seen.oomKills ?? 0) - oomKills) }
}

function momentOf({ container, census }: Sighting): Moment {
  return { configured: container.limits, cgroup: census.cgroup }
}

/** Undefined when it was done, else what Docker said. */
async function tryUpdate(
  change: Change,
  { container: { id } }: Sighting,
  standing: Standing,
  { stepId, effects }: Means,
): Promise<string | undefined> {
  const effect = { kind: 'limit', limits: change, limitsBefore: limitsBefore(change, standing) } as const
  try {
    await effects.carryOut(stepId, effect, (docker) => docker.update(id, change))
    return undefined
  } catch (error) {
    if (!(error instanceof DockerError) || error.retryable) throw error
    return errorMessage(error)
  }
}

/** What a person would have to set to have it as it was: what Docker had for good. */
function limitsBefore(change: Change, standing: Standing): Limits {
  const before = forGood(standing)
  return Object.fromEntries(
    adjustable
      .filter((limit) => change[limit] !== undefined)
      .map((limit) => [limit, before[limit] ?? noLimit]),
  )
}

/** What was set for a while gives way to what is set for good: whoever would take it back leaves it from now on. */
async function replaceTemporaries(
  change: Change,
  { container: { id } }: Sighting,
  { temporaries }: Standing,
  { effects }: Means,
): Promise<void> {
  const replaced = temporaries.filter(
    ({ limits }) =>
      (limits.pids !== undefined && change.pids !== undefined) ||
      (limits.cpu !== undefined && change.cpu !== undefined),
  )
  // What was done in steps is taken back at once.
  const steps = new Map(replaced.map(({ stepId, kind }) => [`${stepId} ${kind}`, { stepId, kind }]))
  for (const { stepId, kind } of steps.values()) {
    const effect = { kind: undoing[kind], containerId: id, limits: change }
    await effects.carryOut(stepId, effect, async () => 'changed')
  }
}
