import { type ProcStat, ticksPerSecond } from '../host/procfs.ts'

/** One process of a container, as one census saw it. Zombies are not among them. */
export interface Process extends ProcStat {
  readonly argv: readonly string[]
  /**
   * Seconds after boot at which its CPU time was first seen to be what it still is: since then it has used less than a
   * clock tick. The first look knows no earlier one. Absent where nobody remembers.
   */
  readonly quietSince?: number
}

/** Seconds since the process was started, when the machine has been up for `uptime` seconds. */
export function ageOf({ startTicks }: Pick<ProcStat, 'startTicks'>, uptime: number): number {
  return Math.max(0, uptime - startTicks / ticksPerSecond)
}

/** The processes of one container by pid, and who hangs below whom. */
export interface ProcessTree {
  readonly processes: ReadonlyMap<number, Process>
  /** Children in order of pid; a pid without children has no entry. */
  readonly children: ReadonlyMap<number, readonly Process[]>
  /** Pid of the container's init in the host's PID namespace (State.Pid of ContainerInspect). */
  readonly init: number
}

/** Builds the tree; a parent outside of the container (that of a `docker exec`) has no process in it. */
export function buildTree(processes: readonly Process[], init: number): ProcessTree {
  const byPid = new Map<number, Process>()
  const children = new Map<number, Process[]>()
  for (const process of processes) byPid.set(process.pid, process)
  for (const process of processes) {
    if (!byPid.has(process.ppid)) continue
    const siblings = children.get(process.ppid)
    if (siblings) siblings.push(process)
    else children.set(process.ppid, [process])
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.pid - b.pid)
  return { processes: byPid, children, init }
}

/** `root` and everything below it, parents before their children. */
export function subtree(tree: ProcessTree, root: Process): readonly Process[] {
  const found: Process[] = [root]
  // The list grows while it is walked: a child is appended behind its parent.
  for (const process of found) {
    for (const child of tree.children.get(process.pid) ?? []) found.push(child)
  }
  return found
}
