import type { CensusFamily } from './family.ts'

/** Memory as the cgroup of the container accounts it. */
export const memory: CensusFamily = (exposition) => {
  const usage = exposition.gauge(
    'container_memory_usage_bytes',
    'memory.current, or memory.usage_in_bytes on v1.',
    ['name'],
  )
  const workingSet = exposition.gauge(
    'container_memory_working_set_bytes',
    'Usage without inactive_file: what cannot be given back at once. The same number as docker stats.',
    ['name'],
  )
  const anon = exposition.gauge('container_memory_anon_bytes', 'anon of memory.stat, or total_rss on v1.', [
    'name',
  ])
  const limit = exposition.gauge(
    'container_memory_limit_bytes',
    'The memory limit in force in the kernel; absent when there is none.',
    ['name'],
  )
  const swap = exposition.gauge('container_memory_swap_bytes', 'Swap in use (memory.swap.current).', ['name'])
  const peak = exposition.gauge(
    'container_memory_peak_bytes',
    'Most memory at once since the container started (memory.peak, or memory.max_usage_in_bytes on v1).',
    ['name'],
  )
  const oomKills = exposition.counter(
    'container_oom_kills_total',
    'Processes ended by the kernel for want of memory, added up under the name over restarts (oom_kill, and oom events of Docker).',
    ['name'],
  )
  return (observations) => {
    for (const { container, census, oomKills: killed } of observations) {
      const { name } = container
      // Also of one that went down with what was killed.
      if (killed !== undefined) oomKills.set({ name }, killed)
      if (census.kind !== 'value') continue
      const { cgroup } = census.value
      if (cgroup.memoryUsage !== undefined) usage.set({ name }, cgroup.memoryUsage)
      if (cgroup.memoryWorkingSet !== undefined) workingSet.set({ name }, cgroup.memoryWorkingSet)
      if (cgroup.memoryAnon !== undefined) anon.set({ name }, cgroup.memoryAnon)
      if (cgroup.memorySwap !== undefined) swap.set({ name }, cgroup.memorySwap)
      if (cgroup.memoryPeak !== undefined) peak.set({ name }, cgroup.memoryPeak)
      if (cgroup.memoryLimit !== undefined) limit.set({ name }, cgroup.memoryLimit)
    }
  }
}
