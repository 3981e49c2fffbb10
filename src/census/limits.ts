import type { CgroupReading } from '../host/cgroup.ts'
import type { WantedLimits } from './presets.ts'
import { bytes } from './quantity.ts'

/** Limits that the kernel holds in a cgroup, and that can be compared: tasks, bytes, cores. */
export const limited = ['pids', 'memory', 'cpu'] as const
/** One of them. */
export type Limited = (typeof limited)[number]
/** Limits of a container in base units; absent = none. */
export type Limits = Readonly<Partial<Record<Limited, number>>>

/** The kernel rounds memory to pages and CPU quotas to microseconds; what differs by less is the same limit. */
const tolerance: Record<Limited, number> = { pids: 0, memory: 0.01, cpu: 0.01 }

/** What the policy wants, in base units. */
export function wantedLimits({ pids, memory, cpus }: WantedLimits): Limits {
  return {
    ...(pids !== undefined && { pids }),
    ...(memory !== undefined && { memory: bytes(memory) }),
    ...(cpus !== undefined && { cpu: cpus }),
  }
}

/** What is in force. */
export function heldLimits({ pidsLimit, memoryLimit, cpuLimit }: CgroupReading): Limits {
  return {
    ...(pidsLimit !== undefined && { pids: pidsLimit }),
    ...(memoryLimit !== undefined && { memory: memoryLimit }),
    ...(cpuLimit !== undefined && { cpu: cpuLimit }),
  }
}

/** Whether a limit that is in force is as strict as `asked` at least. */
export function isHeld(resource: Limited, asked: number, held: number | undefined): boolean {
  return (held ?? Number.POSITIVE_INFINITY) <= asked * (1 + tolerance[resource])
}

/** The wanted limits that the kernel does not hold. */
export function unheldLimits(wanted: WantedLimits, cgroup: CgroupReading): readonly Limited[] {
  const [asked, held] = [wantedLimits(wanted), heldLimits(cgroup)]
  return limited.filter((resource) => {
    const limit = asked[resource]
    return limit !== undefined && !isHeld(resource, limit, held[resource])
  })
}
