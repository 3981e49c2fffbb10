import type { Procfs } from '../host/procfs.ts'
import { valueIn } from '../host/reading.ts'
import type { Process } from './process.ts'

/** A process that has ended and that its parent has not waited for: pid and start time name it. */
export interface Zombie {
  readonly pid: number
  /** Clock ticks after boot. */
  readonly startTicks: number
  readonly parent: Process
}

/** What zombies are read from. */
export type ZombieFiles = Pick<Procfs, 'children' | 'stat'>

/**
 * The zombies below these processes. They stand in no list of the cgroup, so the children of every process are the
 * answer. Undefined where the kernel does not list children (CONFIG_PROC_CHILDREN).
 */
export function findZombies(processes: readonly Process[], procfs: ZombieFiles): Zombie[] | undefined {
  const alive = new Set(processes.map(({ pid }) => pid))
  const zombies: Zombie[] = []
  let listed = false
  for (const parent of processes) {
    const children = valueIn(procfs.children(parent.pid))
    if (children === undefined) continue
    listed = true
    for (const pid of children) {
      const stat = alive.has(pid) ? undefined : valueIn(procfs.stat(pid))
      if (stat?.state === 'Z') zombies.push({ pid, startTicks: stat.startTicks, parent })
    }
  }
  return listed ? zombies : undefined
}

/**
 * How many zombies a container has. They hold a pid: what the kernel counts beyond the threads of the living is either
 * them, or what was started between the two readings. So the difference is only the reason to look. Where the kernel
 * does not list children, the difference has to do.
 */
export function countZombies(
  processes: readonly Process[],
  pids: number | undefined,
  procfs: ZombieFiles,
): number {
  const threads = processes.reduce((sum, process) => sum + process.threads, 0)
  const surplus = (pids ?? 0) - threads
  if (surplus <= 0) return 0
  return findZombies(processes, procfs)?.length ?? surplus
}
