import { isYoung } from '../census/youth.ts'
import type { CensusFamily } from './family.ts'

/** How many processes run, and how many of them hang where they should not. */
export const processes: CensusFamily = (exposition) => {
  const all = exposition.gauge(
    'container_processes',
    'Processes: thread-group leaders in the cgroup of the container and below it, zombies apart (cgroup.procs).',
    ['name'],
  )
  const counted = exposition.gauge(
    'container_counted_processes',
    'Processes that count towards the process tiers, by policy; all of them unless the policy says otherwise.',
    ['name'],
  )
  const startup = exposition.gauge(
    'container_startup_processes',
    'Counted processes while the container is young, the first five minutes after a start; then absent.',
    ['name'],
  )
  const threads = exposition.gauge(
    'container_threads',
    'Threads of all processes (field 20 of /proc/<pid>/stat).',
    ['name'],
  )
  const orphans = exposition.gauge(
    'container_orphans',
    'Instances that were reparented away from where their siblings hang.',
    ['name'],
  )
  const zombies = exposition.gauge(
    'container_zombies',
    'Processes that have ended and that nobody waits for; each holds a pid (state Z).',
    ['name'],
  )
  const starts = exposition.counter(
    'container_process_starts_total',
    'Process starts seen by the scrapes; a process that lived between two of them was not seen.',
    ['name'],
  )
  return (observations) => {
    for (const { container, census } of observations) {
      if (census.kind !== 'value') continue
      const { name } = container
      const { tree, instances, counted: counting, zombies: dead, starts: begun } = census.value
      all.set({ name }, tree.processes.size)
      counted.set({ name }, counting)
      if (isYoung(container, census.value.at)) startup.set({ name }, counting)
      zombies.set({ name }, dead)
      starts.set({ name }, begun)
      let sum = 0
      for (const process of tree.processes.values()) sum += process.threads
      threads.set({ name }, sum)
      orphans.set({ name }, instances.filter(({ standing }) => standing === 'orphan').length)
    }
  }
}
