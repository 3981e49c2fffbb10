import type { CgroupReading } from '../host/cgroup.ts'
import { stricterLimits, type WantedLimits } from './presets.ts'
import { bytes } from './quantity.ts'

/** Limits that are measured and told: tasks, bytes, cores. */
export const limited = ['pids', 'memory', 'cpu'] as const
/** One of them. */
export type Limited = (typeof limited)[number]

/** All limits that Docker can change while a container runs. memorySwap: memory and swap together. */
export const adjustable = ['memoryReservation', 'memory', 'memorySwap', 'cpu', 'pids'] as const
/** One of them. */
export type Adjustable = (typeof adjustable)[number]

/** Limits of a container in base units: tasks, bytes, cores; absent = none. */
export type Limits = Readonly<Partial<Record<Adjustable, number>>>

/** The kernel rounds memory to pages and CPU quotas to microseconds; what differs by less is the same limit. */
const tolerance: Record<Adjustable, number> = {
  pids: 0,
  memory: 0.01,
  memorySwap: 0.01,
  memoryReservation: 0.01,
  cpu: 0.01,
}

/** What the policy wants, in base units. */
export function wantedLimits({ pids, memory, memorySwap, memoryReservation, cpus }: WantedLimits): Limits {
  return {
    ...(pids !== undefined && { pids }),
    ...(memory !== undefined && { memory: bytes(memory) }),
    ...(memorySwap !== undefined && { memorySwap: bytes(memorySwap) }),
    ...(memoryReservation !== undefined && { memoryReservation: bytes(memoryReservation) }),
    ...(cpus !== undefined && { cpu: cpus }),
  }
}

/** What a container that explodes again gets: what the policy wants, lowered where the stricter limits are lower. */
export function stricterThan(wanted: WantedLimits): Limits {
  const [policy, stricter] = [wantedLimits(wanted), wantedLimits(stricterLimits)]
  const entries = adjustable.flatMap((limit): [Adjustable, number][] => {
    const lowest = Math.min(policy[limit] ?? Infinity, stricter[limit] ?? Infinity)
    return lowest === Infinity ? [] : [[limit, lowest]]
  })
  return Object.fromEntries(entries)
}

/** What is in force. */
export function heldLimits(cgroup: CgroupReading): Limits {
  const { pidsLimit, memoryLimit, memorySwapLimit, memoryReservation, cpuLimit } = cgroup
  return {
    ...(pidsLimit !== undefined && { pids: pidsLimit }),
    ...(memoryLimit !== undefined && { memory: memoryLimit }),
    ...(memorySwapLimit !== undefined && { memorySwap: memorySwapLimit }),
    ...(memoryReservation !== undefined && { memoryReservation }),
    ...(cpuLimit !== undefined && { cpu: cpuLimit }),
  }
}

/** Whether a limit that is in force is as strict as `asked` at least. */
export function isHeld(limit: Adjustable, asked: number, held: number | undefined): boolean {
  return (held ?? Number.POSITIVE_INFINITY) <= asked * (1 + tolerance[limit])
}

/** Whether two limits are the same one; undefined = none. */
export function isSame(limit: Adjustable, one: number | undefined, other: number | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return Math.abs(one - other) <= Math.max(one, other) * tolerance[limit]
}

/** The wanted limits that are not among those that the kernel holds. */
export function unheldLimits(wanted: WantedLimits, held: Limits): readonly Limited[] {
  const asked = wantedLimits(wanted)
  return limited.filter((resource) => {
    const limit = asked[resource]
    return limit !== undefined && !isHeld(resource, limit, held[resource])
  })
}
