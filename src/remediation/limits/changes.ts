import { type Adjustable, adjustable, heldLimits, isSame, type Limits } from '../../census/limits.ts'
import type { Judged, Situation } from './judged.ts'

/** One call to Docker: limits that can only be changed together. -1 = none. */
export type Change = Limits

/** What is to be changed, one call after the other, so that one that Docker refuses keeps no other from being set. */
export function changesOf(judged: readonly Judged[], { configured, cgroup }: Moment): readonly Change[] {
  const to = (limit: Adjustable): number | undefined => judged.find((one) => one.limit === limit)?.to
  const [memory, memorySwap] = [to('memory'), to('memorySwap')]
  const together = memory ?? asConfigured(configured.memory, cgroup.memoryLimit)
  return adjustable.flatMap((limit): Change[] => {
    if (limit === 'memory')
      return memorySwap === undefined || together === undefined ? [] : [{ memory: together, memorySwap }]
    const own = to(limit)
    return limit === 'memorySwap' || own === undefined ? [] : [{ [limit]: own }]
  })
}

/** The kernel rounds: where it holds what is configured, that is it. */
function asConfigured(configured: number | undefined, held: number | undefined): number | undefined {
  return configured !== undefined && isSame('memory', configured, held) ? configured : held
}

/** A limit that is not as it is expected to be. */
export interface Amiss {
  readonly limit: Adjustable
  /** Undefined = none. */
  readonly expected: number | undefined
  readonly found: number | undefined
}

/** The limits of a container at one moment: configured, and in the kernel. */
export type Moment = Pick<Situation, 'configured' | 'cgroup'>

/**
 * Compares every limit of the kernel with what it was before, or what it was set to. With the systemd driver a change of
 * one limit can reset another; and what Docker has configured the kernel need not hold. What Docker has configured
 * otherwise by now somebody else has changed meanwhile, and that stays.
 */
export function amissAfter(set: Limits, before: Moment, after: Moment): readonly Amiss[] {
  const [was, is] = [heldLimits(before.cgroup), heldLimits(after.cgroup)]
  return adjustable.flatMap((limit) => {
    // Where swap is not accounted there is nothing to compare.
    if (limit === 'memorySwap' && after.cgroup.memorySwap === undefined) return []
    const asked = set[limit]
    if (!isSame(limit, some(asked ?? before.configured[limit]), some(after.configured[limit]))) return []
    const expected = asked === undefined ? was[limit] : some(asked)
    const found = is[limit]
    return isSame(limit, expected, found) ? [] : [{ limit, expected, found }]
  })
}

const some = (limit: number | undefined): number | undefined => (limit === -1 ? undefined : limit)

/** What brings a limit back; undefined where Docker has no word for it: none of memory, or of the reservation. */
export function repairOf({ limit, expected }: Amiss, memory: number | undefined): Change | undefined {
  if (expected === undefined && (limit === 'memory' || limit === 'memoryReservation')) return undefined
  const change = { [limit]: expected ?? -1 }
  if (limit !== 'memorySwap') return change
  return memory === undefined ? undefined : { memory, ...change }
}
