import type { WantedLimits } from '../../census/presets.ts'
import { bytes } from '../../census/quantity.ts'
import type { HostConfig } from '../../host/builder.ts'
import type { Limits } from '../../journal/records.ts'

/** What the limits of a new container come from. */
export interface LimitSources {
  /** What temporary effects that are in force have replaced; -1 = none. They end with the old container. */
  readonly before: Limits
  /** What the policy wants, where the container has none. */
  readonly wanted: WantedLimits | undefined
  /** Processors of the host: Docker refuses to give more. */
  readonly cores: number
}

const usualPeriod = 100_000

/**
 * The limits of a new container: those of the old one without what was done for a while, and where it had none those that
 * the policy wants. Never looser than before, and never such that the engine would refuse them together. Pure.
 */
export function withLimits(old: HostConfig, { before, wanted = {}, cores }: LimitSources): HostConfig {
  const host = { ...old, ...restored(old, before) }
  return { ...host, ...added(host, wanted, cores) }
}

/** Those of its limits that can be there for a while: tasks, cores. */
export function limitsIn({
  PidsLimit,
  NanoCpus,
  CpuQuota,
  CpuPeriod,
}: HostConfig): Pick<Limits, 'pids' | 'cpu'> {
  const [pids, nano, quota] = [PidsLimit, NanoCpus, CpuQuota].map(positive)
  const byQuota = quota === undefined ? undefined : quota / (positive(CpuPeriod) ?? usualPeriod)
  const cpu = nano === undefined ? byQuota : nano / 1e9
  return { ...(pids !== undefined && { pids }), ...(cpu !== undefined && { cpu }) }
}

function restored(old: HostConfig, { pids, cpu }: Limits): Partial<HostConfig> {
  const period = positive(old.CpuPeriod) ?? usualPeriod
  return {
    ...(pids !== undefined && { PidsLimit: pids > 0 ? pids : null }),
    ...(cpu !== undefined && cpu <= 0 && { NanoCpus: 0, CpuQuota: 0 }),
    ...(cpu !== undefined &&
      cpu > 0 &&
      (positive(old.NanoCpus) === undefined
        ? { CpuQuota: Math.round(cpu * period) }
        : { NanoCpus: Math.round(cpu * 1e9) })),
  }
}

function added(host: HostConfig, wanted: WantedLimits, cores: number): Partial<HostConfig> {
  const { pids, cpus } = wanted
  const hasCpu = positive(host.NanoCpus) !== undefined || positive(host.CpuQuota) !== undefined
  return {
    ...(pids !== undefined && positive(host.PidsLimit) === undefined && { PidsLimit: pids }),
    // A period without a quota limits nothing, and Docker takes it only without NanoCpus.
    ...(cpus !== undefined &&
      !hasCpu &&
      cpus < cores && { NanoCpus: Math.round(cpus * 1e9), CpuPeriod: 0, CpuQuota: 0 }),
    ...addedMemory(host, wanted),
  }
}

function addedMemory(host: HostConfig, wanted: WantedLimits): Partial<HostConfig> {
  const has = positive(host.Memory)
  const reserved = positive(host.MemoryReservation) ?? 0
  const asked = wanted.memory === undefined ? undefined : bytes(wanted.memory)
  const memory = has ?? (asked !== undefined && asked >= reserved ? asked : undefined)
  const reservation = wanted.memoryReservation === undefined ? undefined : bytes(wanted.memoryReservation)
  const swap = wanted.memorySwap === undefined ? undefined : bytes(wanted.memorySwap)
  const isNew = has === undefined && memory !== undefined
  return {
    ...(isNew && { Memory: memory }),
    ...(isNew && swap !== undefined && swap >= memory && { MemorySwap: swap }),
    ...(reserved === 0 &&
      reservation !== undefined &&
      reservation <= (memory ?? Number.POSITIVE_INFINITY) && { MemoryReservation: reservation }),
  }
}

/** 0, -1 and null all stand for no limit. */
function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}
