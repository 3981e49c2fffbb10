import type { Process } from '../../census/process.ts'

/** A process, told from every other for as long as the machine runs: pid and start time. */
export type ProcessKey = `${number} ${number}`

/** The key of a process. */
export const keyOf = ({ pid, startTicks }: Pick<Process, 'pid' | 'startTicks'>): ProcessKey =>
  `${pid} ${startTicks}`

/** Below 0 when `a` is the older; where two have started in the same tick, the lower pid nearly always is. */
export const older = (a: Process, b: Process): number => a.startTicks - b.startTicks || a.pid - b.pid
