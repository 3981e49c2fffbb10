import type { Procfs } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'
import type { Process } from './process.ts'

/**
 * Zombies of a container. They hold a pid, and stand in no list of the cgroup: what the kernel counts beyond the
 * threads of the living is either them, or what was started between the two readings. So the difference is only the
 * reason to look, and the children of every process are the answer. Where the kernel does not list children
 * (CONFIG_PROC_CHILDREN), the difference has to do.
 */
export function countZombies(
  processes: readonly Process[],
  pids: number | undefined,
  procfs: Pick<Procfs, 'children' | 'stat'>,
): number {
  const threads = processes.reduce((sum, process) => sum + process.threads, 0)
  const surplus = (pids ?? 0) - threads
  if (surplus <= 0) return 0
  const alive = new Set(processes.map(({ pid }) => pid))
  let zombies = 0
  let listed = false
  for (const { pid } of processes) {
    const children = valueIn(procfs.children(pid))
    if (children === undefined) continue
    listed = true
    for (const child of children) {
      if (!alive.has(child) && valueIn(procfs.stat(child))?.state === 'Z') zombies++
    }
  }
  return listed ? zombies : surplus
}
