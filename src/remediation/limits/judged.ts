import { type Adjustable, heldLimits, type Limits } from '../../census/limits.ts'
import type { CgroupReading } from '../../host/cgroup.ts'
import type { Temporary } from '../../journal/records.ts'

/** What the limits of a container are judged by. */
export interface Situation {
  readonly wanted: Limits
  /** As Docker has them configured now; -1 = none. */
  readonly configured: Limits
  readonly cgroup: CgroupReading
  /** What was done to the container for a while, and is not taken back. */
  readonly temporaries: readonly Temporary[]
  readonly hostCores: number
}

/**
 * What is to become of one limit. set: to `to`, where -1 = none; already: as strict as wanted, or stricter; later:
 * something that is meant for a while holds it lower; refused: it would do harm; unsupported: the host cannot.
 */
export interface Judged {
  readonly limit: Adjustable
  readonly verdict: 'set' | 'already' | 'later' | 'refused' | 'unsupported'
  readonly wanted: number
  /** In force in the kernel; absent = none. */
  readonly now?: number
  readonly to?: number
  readonly why?: string
}

/** What is told of a limit in any case. */
export function begin(
  limit: Adjustable,
  wanted: number,
  cgroup: CgroupReading,
): Pick<Judged, 'limit' | 'wanted' | 'now'> {
  const now = heldLimits(cgroup)[limit]
  return { limit, wanted, ...(now !== undefined && { now }) }
}
