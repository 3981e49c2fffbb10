import type { Procfs } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'
import type { CensusFamily } from './family.ts'

/** How near a process of the container is to its limit of open files. Asked for in the configuration: it is dear. */
export function files(procfs: Pick<Procfs, 'openFds'>): CensusFamily {
  return (exposition) => {
    const open = exposition.gauge(
      'container_open_fds',
      'Open file descriptors of the process that has the most (entries of /proc/<pid>/fd); its limit is per process.',
      ['name'],
    )
    return (observations) => {
      for (const { container, census } of observations) {
        if (census.kind !== 'value') continue
        let most = -1
        for (const pid of census.value.tree.processes.keys())
          most = Math.max(most, valueIn(procfs.openFds(pid)) ?? -1)
        if (most >= 0) open.set({ name: container.name }, most)
      }
    }
  }
}
