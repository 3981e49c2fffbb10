import type { Census } from '../../census/observe.ts'
import { ageOf, type Process } from '../../census/process.ts'
import { ticksPerSecond } from '../../host/procfs.ts'

/** Cores that a process has used between two looks; whoever was started between them, since then. */
export function cpuBetween(before: Census, after: Census): (process: Process) => number {
  const seconds = after.uptime - before.uptime
  return ({ pid, startTicks, cpuTicks }) => {
    const earlier = before.tree.processes.get(pid)
    const ticks = cpuTicks - (earlier?.startTicks === startTicks ? earlier.cpuTicks : 0)
    return seconds > 0 ? ticks / ticksPerSecond / seconds : 0
  }
}

/** Cores that a process has used over its whole life: all that one look can tell. */
export function cpuOfLife({ uptime }: Census): (process: Process) => number {
  return (process) => process.cpuTicks / ticksPerSecond / Math.max(1, ageOf(process, uptime))
}
