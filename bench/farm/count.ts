import { createCgroups } from '../../src/host/cgroup.ts'
import type { KnownContainer } from '../../src/host/inventory.ts'
import { createProcfs } from '../../src/host/procfs.ts'

const procfs = createProcfs()
const cgroups = createCgroups()

/** Processes in a container now, as the kernel lists them; 0 when it cannot be read. */
export function count({ id, pid }: Pick<KnownContainer, 'id' | 'pid'>): number {
  const text = procfs.cgroup(pid)
  const paths = text.kind === 'value' ? cgroups.resolve(text.value, id) : text
  const pids = paths.kind === 'value' ? cgroups.processes(paths.value) : paths
  return pids.kind === 'value' ? pids.value.length : 0
}
