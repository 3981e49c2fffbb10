import type Dockerode from 'dockerode'
import type { ConfiguredLimits, LimitsChange } from './docker.ts'

/** The period that the kernel has unless told otherwise, microseconds (cpu.max, cpu.cfs_period_us). */
const usualPeriod = 100_000

/**
 * What POST /containers/{id}/update is asked for. Docker refuses CPU quotas where NanoCpus is set and the other way
 * round, and NanoCpus cannot be taken back: what had no limit gets a quota. With the period that it has, or none: one
 * that is given cannot be taken back either, and from then on Docker would refuse `--cpus` of whoever comes later.
 */
export function hostConfig(
  { pids, memory, memorySwap, memoryReservation, cpu }: LimitsChange,
  { NanoCpus, CpuPeriod }: Dockerode.HostConfig,
): object {
  const byQuota = cpu !== undefined && (cpu <= 0 || !NanoCpus)
  return {
    ...(pids !== undefined && { PidsLimit: pids }),
    ...(memory !== undefined && { Memory: memory }),
    ...(memorySwap !== undefined && { MemorySwap: memorySwap }),
    ...(memoryReservation !== undefined && { MemoryReservation: memoryReservation }),
    ...(cpu !== undefined && !byQuota && { NanoCpus: Math.round(cpu * 1e9) }),
    ...(byQuota && { CpuQuota: cpu > 0 ? Math.round(cpu * (CpuPeriod || usualPeriod)) : -1 }),
    ...(byQuota && CpuPeriod && { CpuPeriod }),
  }
}

/** In HostConfig 0 stands for no limit, and for PidsLimit -1 and null as well. */
export function configuredLimits({
  PidsLimit,
  Memory,
  MemorySwap,
  MemoryReservation,
  NanoCpus,
  CpuQuota,
  CpuPeriod,
}: Dockerode.HostConfig): ConfiguredLimits {
  const cpu = NanoCpus ? NanoCpus / 1e9 : CpuQuota && CpuQuota > 0 ? CpuQuota / (CpuPeriod || usualPeriod) : 0
  return {
    ...(PidsLimit && PidsLimit > 0 ? { pids: PidsLimit } : {}),
    ...(Memory && Memory > 0 ? { memory: Memory } : {}),
    ...(MemorySwap ? { memorySwap: MemorySwap } : {}),
    ...(MemoryReservation ? { memoryReservation: MemoryReservation } : {}),
    ...(cpu > 0 ? { cpu } : {}),
  }
}
