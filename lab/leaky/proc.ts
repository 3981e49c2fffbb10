import { readFileSync } from 'node:fs'

/** A pid alone may be somebody else by now; with the start time it is this process. */
export interface Proc {
  pid: number
  start: string
}

/** Parent and start time of a process; undefined once it is gone or a zombie. */
export function readStat(pid: number): { ppid: number; start: string } | undefined {
  let text: string
  try {
    // Synchronous on purpose: it needs no thread, and at the PID limit there is none to be had.
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name in parentheses may hold anything, spaces and parentheses included.
  const [state, ppid, ...rest] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return state === 'Z' || state === 'X' ? undefined : { ppid: Number(ppid), start: rest[17] ?? '' }
}

export function identify(pid: number): Proc | undefined {
  const stat = readStat(pid)
  return stat && { pid, start: stat.start }
}

export function isAlive(proc: Proc | undefined): proc is Proc {
  return proc !== undefined && readStat(proc.pid)?.start === proc.start
}

/** Signals a process, or with a negative pid a group; false: it was gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
