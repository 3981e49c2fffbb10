import { type CensusFamily, counter, gauge, reset } from './family.ts'

/** Memory as the cgroup of the container accounts it. */
export const memory: CensusFamily = (registry) => {
  const usage = gauge(
    registry,
    'container_memory_usage_bytes',
    'memory.current, or memory.usage_in_bytes on v1.',
    ['name'],
  )
  const workingSet = gauge(
    registry,
    'container_memory_working_set_bytes',
    'Usage without inactive_file: what cannot be given back at once. The same number as docker stats.',
    ['name'],
  )
  const anon = gauge(registry, 'container_memory_anon_bytes', 'anon of memory.stat, or total_rss on v1.', [
    'name',
  ])
  const limit = gauge(
    registry,
    'container_memory_limit_bytes',
    'The memory limit in force in the kernel; absent when there is none.',
    ['name'],
  )
  const swap = gauge(registry, 'container_memory_swap_bytes', 'Swap in use (memory.swap.current).', ['name'])
  const peak = gauge(
    registry,
    'container_memory_peak_bytes',
    'Most memory at once since the container started (memory.peak, or memory.max_usage_in_bytes on v1).',
    ['name'],
  )
  const oomKills = counter(
    registry,
    'container_oom_kills_total',
    'Processes ended by the kernel for want of memory, added up under the name over restarts (oom_kill).',
    ['name'],
  )
  return (observations) => {
    reset([usage, workingSet, anon, limit, swap, peak, oomKills])
    for (const { container, census } of observations) {
      if (census.kind !== 'value') continue
      const { name } = container
      const { cgroup, oomKills: killed } = census.value
      if (cgroup.memoryUsage !== undefined) usage.set({ name }, cgroup.memoryUsage)
      if (cgroup.memoryWorkingSet !== undefined) workingSet.set({ name }, cgroup.memoryWorkingSet)
      if (cgroup.memoryAnon !== undefined) anon.set({ name }, cgroup.memoryAnon)
      if (cgroup.memorySwap !== undefined) swap.set({ name }, cgroup.memorySwap)
      if (cgroup.memoryPeak !== undefined) peak.set({ name }, cgroup.memoryPeak)
      if (killed !== undefined) oomKills.inc({ name }, killed)
      if (cgroup.memoryLimit !== undefined) limit.set({ name }, cgroup.memoryLimit)
    }
  }
}
