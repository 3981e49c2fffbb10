import type { CensusFamily } from './family.ts'

/** What the PID limit of the kernel counts: tasks, that is threads and zombies too. */
export const pids: CensusFamily = (exposition) => {
  const current = exposition.gauge(
    'container_pids',
    'Tasks in the container (pids.current): threads count.',
    ['name'],
  )
  const limit = exposition.gauge(
    'container_pids_limit',
    'The PID limit in force in the kernel (pids.max); absent when there is none.',
    ['name'],
  )
  const peak = exposition.gauge(
    'container_pids_peak',
    'Most tasks at once since the container started (pids.peak).',
    ['name'],
  )
  const hits = exposition.counter(
    'container_pids_limit_hits_total',
    'How often this PID limit refused a fork (max of pids.events.local, or of pids.events on v1).',
    ['name'],
  )
  return (observations) => {
    for (const { container, census } of observations) {
      if (census.kind !== 'value') continue
      const { name } = container
      const { cgroup } = census.value
      if (cgroup.pids !== undefined) current.set({ name }, cgroup.pids)
      if (cgroup.pidsLimit !== undefined) limit.set({ name }, cgroup.pidsLimit)
      if (cgroup.pidsPeak !== undefined) peak.set({ name }, cgroup.pidsPeak)
      if (cgroup.pidsLimitHits !== undefined) hits.set({ name }, cgroup.pidsLimitHits)
    }
  }
}
