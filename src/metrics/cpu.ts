import type { CensusFamily } from './family.ts'

/** CPU as the cgroup of the container accounts it. */
export const cpu: CensusFamily = (exposition) => {
  const seconds = exposition.counter(
    'container_cpu_seconds_total',
    'CPU time by mode (cpu.stat, or cpuacct.stat on v1).',
    ['name', 'mode'],
  )
  const throttled = exposition.counter(
    'container_cpu_throttled_seconds_total',
    'Time that the container was held back by its CPU limit (throttled_usec, or throttled_time on v1).',
    ['name'],
  )
  const limit = exposition.gauge(
    'container_cpu_limit_cores',
    'The CPU limit in force in the kernel, quota by period (cpu.max); absent when there is none.',
    ['name'],
  )
  return (observations) => {
    for (const { container, census } of observations) {
      if (census.kind !== 'value') continue
      const { name } = container
      const { cpuUser, cpuSystem, cpuThrottled, cpuLimit } = census.value.cgroup
      if (cpuUser !== undefined) seconds.set({ name, mode: 'user' }, cpuUser)
      if (cpuSystem !== undefined) seconds.set({ name, mode: 'system' }, cpuSystem)
      if (cpuThrottled !== undefined) throttled.set({ name }, cpuThrottled)
      if (cpuLimit !== undefined) limit.set({ name }, cpuLimit)
    }
  }
}
