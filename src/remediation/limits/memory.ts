import { heldLimits, isHeld, type Limits } from '../../census/limits.ts'
import type { CgroupReading } from '../../host/cgroup.ts'
import { begin, type Judged, type Situation } from './judged.ts'
import { roughSize } from './words.ts'

/** Docker takes no lower limit of memory, nor reservation (moby, daemon_unix.go, linuxMinMemory). Bytes. */
const least = 6 * 1024 ** 2

/** Room above what is in use: cgroup v2 ends processes for what does not fit, v1 answers EBUSY. */
const room = 1.1

/**
 * Judges the limits of memory, which hang together: Docker takes that of memory with swap only beside that of memory,
 * and neither makes sense below the reservation. What is sent beside is judged `set` too, though nobody wanted it.
 */
export function judgeMemory(situation: Situation): readonly Judged[] {
  const memory = judgeLimit(situation)
  const after = memory?.to ?? heldLimits(situation.cgroup).memory
  return [judgeReservation(memory, after, situation), memory, judgeSwap(memory, after, situation)].filter(
    (one) => one !== undefined,
  )
}

/**
 * What could not go if it had to, bytes; undefined = not known. File cache that nobody uses goes at once, what has to be
 * written before does not.
 */
export function memoryInUse({
  memoryUsage,
  memoryWorkingSet,
  memoryDirty,
}: CgroupReading): number | undefined {
  if (memoryWorkingSet === undefined || memoryDirty === undefined) return memoryUsage
  const held = memoryWorkingSet + memoryDirty
  return memoryUsage === undefined ? held : Math.min(memoryUsage, held)
}

function judgeLimit({ wanted: { memory: wanted }, cgroup }: Situation): Judged | undefined {
  if (wanted === undefined) return undefined
  const one = begin('memory', wanted, cgroup)
  if (isHeld('memory', wanted, cgroup.memoryLimit)) return { ...one, verdict: 'already' }
  const why = tooLow(wanted, memoryInUse(cgroup))
  return why === undefined ? { ...one, verdict: 'set', to: wanted } : { ...one, verdict: 'refused', why }
}

function judgeSwap(
  memory: Judged | undefined,
  after: number | undefined,
  { wanted: { memorySwap: wanted }, configured, cgroup }: Situation,
): Judged | undefined {
  if (wanted === undefined && memory?.verdict !== 'set') return undefined
  const usual = after === undefined ? -1 : asBefore(after, configured)
  const to = lower(usual, wanted, after ?? 0)
  const one = begin('memorySwap', wanted ?? to, cgroup)
  const { memorySwap: swapped } = cgroup
  if (swapped === undefined) {
    const why = 'the host does not account swap, and Docker leaves this limit out'
    return { ...one, verdict: 'unsupported', ...(memory?.verdict === 'set' && { to }), why }
  }
  if (memory?.verdict !== 'set' && isHeld('memorySwap', wanted ?? to, cgroup.memorySwapLimit))
    return { ...one, verdict: 'already' }
  if (memory?.verdict === 'refused')
    return { ...one, verdict: 'refused', why: 'it goes with the limit of memory' }
  if (after === undefined)
    return { ...one, verdict: 'refused', why: 'Docker takes it only beside a limit of memory' }
  const inUse = memoryInUse(cgroup)
  const why = to === -1 ? undefined : tooLow(to, inUse === undefined ? undefined : inUse + swapped)
  if (why === undefined) return { ...one, verdict: 'set', to }
  // Docker has to be told one beside that of memory: then it stays as it was.
  const before = { to: configured.memorySwap ?? -1 }
  return { ...one, verdict: 'refused', ...(memory?.verdict === 'set' && before), why }
}

function judgeReservation(
  memory: Judged | undefined,
  after: number | undefined,
  { wanted: { memoryReservation: wanted }, configured, cgroup }: Situation,
): Judged | undefined {
  const held = cgroup.memoryReservation
  const above = memory?.to !== undefined && Math.max(held ?? 0, configured.memoryReservation ?? 0) > memory.to
  if (wanted === undefined)
    return above
      ? { ...begin('memoryReservation', memory.to, cgroup), verdict: 'set', to: memory.to }
      : undefined
  const one = begin('memoryReservation', wanted, cgroup)
  const to = Math.min(wanted, after ?? Infinity)
  if (above) return { ...one, verdict: 'set', to }
  if (isHeld('memoryReservation', wanted, held)) return { ...one, verdict: 'already' }
  if (held === undefined && after !== undefined && after <= wanted)
    return { ...one, verdict: 'already', why: 'its limit of memory is no higher' }
  if (to < least) return { ...one, verdict: 'refused', why: `Docker takes none below ${roughSize(least)}` }
  return { ...one, verdict: 'set', to }
}

function tooLow(limit: number, inUse: number | undefined): string | undefined {
  if (limit < least) return `Docker takes none below ${roughSize(least)}`
  if (inUse === undefined) return 'what it uses is not known'
  if (limit >= inUse * room) return undefined
  return `it uses ${roughSize(inUse)}, and needs room for ${roughSize(inUse * room)}`
}

/**
 * Memory with swap as the container had it, carried over to another limit of memory: no limit stays none, equal stays
 * equal (no swap), and the ratio stays. Where neither was limited it is twice the memory, as `docker run --memory` has it.
 */
function asBefore(memory: number, configured: Limits): number {
  const { memory: was, memorySwap } = configured
  if (memorySwap === -1) return -1
  if (was === undefined || memorySwap === undefined) return memory * 2
  return Math.max(memory, Math.round((memory * memorySwap) / was))
}

/** The stricter of both, and never below the memory alone. */
function lower(usual: number, wanted: number | undefined, memory: number): number {
  const [one, other] = [usual === -1 ? Infinity : usual, wanted ?? Infinity]
  const lowest = Math.max(Math.min(one, other), memory)
  return lowest === Infinity ? -1 : lowest
}
