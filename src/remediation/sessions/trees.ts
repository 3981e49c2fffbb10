import type { Instance } from '../../census/instances.ts'
import type { Census } from '../../census/observe.ts'
import { type Process, subtree } from '../../census/process.ts'
import type { Steps } from '../../census/steps.ts'
import { type Procfs, ticksPerSecond } from '../../host/procfs.ts'
import { valueIn } from '../../host/reading.ts'

/** A server of the gateway with everything below it, as one look saw it. */
export interface SeenTree {
  /** Pid and start time of its root: no other process has both while the machine runs. */
  readonly key: string
  /** The label of the server. */
  readonly command: string
  /** Seconds after boot. */
  readonly startedAt: number
  /**
   * Differs as soon as anything in the tree has run for a clock tick, read, written, started or ended. Undefined: not
   * everything could be read.
   */
  readonly pulse: string | undefined
}

/** How many trees are read before others may go first. */
const handful = 8

/** The servers below the gateway, in steps: the files of every process in them are read. */
export function* seeTrees(
  { instances, tree }: Pick<Census, 'instances' | 'tree'>,
  procfs: Pick<Procfs, 'stat' | 'io'>,
): Steps<readonly SeenTree[]> {
  const gateway = findGateway(instances, tree.init)
  const seen: SeenTree[] = []
  for (const instance of instances) {
    if (instance.parent === undefined || instance.parent.pid !== gateway) continue
    if (seen.length % handful === handful - 1) yield
    const { root, command } = instance
    seen.push({
      key: keyOf(root),
      command,
      startedAt: root.startTicks / ticksPerSecond,
      pulse: pulseOf(subtree(tree, root), procfs),
    })
  }
  return seen
}

/** The process that most instances hang below; init only where nobody else has any. */
function findGateway(instances: readonly Instance[], init: number): number | undefined {
  const counts = new Map<number, number>()
  for (const { parent } of instances)
    if (parent !== undefined) counts.set(parent.pid, (counts.get(parent.pid) ?? 0) + 1)
  const ranked = [...counts].sort(([, a], [, b]) => b - a)
  const [first] = ranked.find(([pid]) => pid !== init) ?? ranked[0] ?? []
  return first
}

/** What names the process that a tree begins with. */
export function keyOf({ pid, startTicks }: Pick<Process, 'pid' | 'startTicks'>): string {
  return `${pid} ${startTicks}`
}

/** The pulse of one tree of a census, now; undefined also when it has ended. */
export function pulseNow(
  key: string,
  { tree }: Pick<Census, 'tree'>,
  procfs: Pick<Procfs, 'stat' | 'io'>,
): string | undefined {
  const root = tree.processes.get(Number.parseInt(key, 10))
  return root === undefined || keyOf(root) !== key ? undefined : pulseOf(subtree(tree, root), procfs)
}

/** Whether the root of a tree has ended. What cannot be read has not; a zombie has. */
export function hasEnded(key: string, procfs: Pick<Procfs, 'stat'>): boolean {
  const [pid = 0, startTicks] = key.split(' ').map(Number)
  const stat = procfs.stat(pid)
  if (stat.kind === 'gone') return true
  if (stat.kind !== 'value') return false
  return stat.value.startTicks !== startTicks || stat.value.state === 'Z' || stat.value.state === 'X'
}

function pulseOf(processes: readonly Process[], procfs: Pick<Procfs, 'stat' | 'io'>): string | undefined {
  let [pids, ticks, bytes] = [0, 0, 0]
  for (const { pid, startTicks } of processes) {
    // Read here: a census may rely on what it has read of a process before.
    const stat = valueIn(procfs.stat(pid))
    const io = valueIn(procfs.io(pid))
    if (stat === undefined || stat.startTicks !== startTicks || io === undefined) return undefined
    pids += pid
    ticks += stat.cpuTicks
    bytes += io.rchar + io.wchar
  }
  return `${processes.length} ${pids} ${ticks} ${bytes}`
}
