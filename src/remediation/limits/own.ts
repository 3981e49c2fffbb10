import { type Adjustable, heldLimits, isSame, type Limits } from '../../census/limits.ts'
import type { CgroupReading } from '../../host/cgroup.ts'
import type { Temporary } from '../../journal/records.ts'

/** Where the limits of a container stand. */
export interface Standing {
  readonly configured: Limits
  readonly cgroup: CgroupReading
  readonly temporaries: readonly Temporary[]
}

/** A limit as it is for good, and what stands before it for a while. */
export interface Behind {
  /** What comes back when the temporary one is taken back, else what the kernel holds; undefined = none. */
  readonly own: number | undefined
  readonly temporary?: Temporary
}

/**
 * A clamp or a cap that is in force is not the container's own limit: what was before it is. One whose limit was changed
 * since is no longer in force, whatever the journal says.
 */
export function behind(limit: 'cpu' | 'pids', { configured, cgroup, temporaries }: Standing): Behind {
  const temporary = temporaries.findLast(
    ({ limits }) => limits[limit] !== undefined && isSame(limit, limits[limit], configured[limit]),
  )
  if (temporary === undefined) return { own: heldLimits(cgroup)[limit] }
  const before = temporary.limitsBefore[limit] ?? -1
  return { temporary, own: before > 0 ? before : undefined }
}

/** What Docker has configured, but for what is there only for a while. -1 = none. */
export function forGood(standing: Standing): Limits {
  const limits: Partial<Record<Adjustable, number>> = { ...standing.configured }
  for (const limit of ['cpu', 'pids'] as const) {
    const { temporary, own } = behind(limit, standing)
    if (temporary !== undefined) limits[limit] = own ?? -1
  }
  return limits
}
