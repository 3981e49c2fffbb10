import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessId {
  pid: number
  /** Clock ticks between boot and its start. */
  startTime: string
}

/** Names a process, or undefined when it does not exist (or is a zombie, which does nothing any more). */
export function identify(pid: number): ProcessId | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const startTime = rest[18]
    return state === 'Z' || startTime === undefined ? undefined : { pid, startTime }
  } catch {
    return undefined
  }
}

/** Whether that very process still runs. */
export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.startTime === id.startTime
}

/** This process. Off Linux there is no /proc; then the pid alone has to do. */
export function self(): ProcessId {
  return identify(process.pid) ?? { pid: process.pid, startTime: '' }
}

/** Polls until the condition holds. False when it did not hold within `deadline` milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, deadline: number): Promise<boolean> {
  const end = performance.now() + deadline
  while (!(await condition())) {
    if (performance.now() > end) return false
    await delay(50)
  }
  return true
}

/** Ends a process: TERM, then KILL after `grace` milliseconds. Returns when it is gone. */
export async function stop(id: ProcessId, grace: number): Promise<void> {
  const gone = () => !isAlive(id)
  if (gone()) return
  send(id, 'SIGTERM')
  if (await until(gone, grace)) return
  send(id, 'SIGKILL')
  if (!(await until(gone, 10_000))) throw new Error(`process ${id.pid} is still there 10 s after SIGKILL`)
}

function send(id: ProcessId, signal: NodeJS.Signals): void {
  try {
    if (isAlive(id)) process.kill(id.pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
