import { createProcfs, ticksPerSecond } from '../src/host/procfs.ts'

const procfs = createProcfs()

/** CPU time that a process has used since it was started, all threads, user and system, seconds; in steps of 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = procfs.stat(pid)
  if (stat.kind !== 'value') throw new Error(`process ${pid} is gone`)
  return stat.value.cpuTicks / ticksPerSecond
}
